#include "text/pretokenize/sequence_pre_tokenizer.h"

namespace headrace::text {
namespace {

class SequencePreTokenizer final : public PreTokenizer {
 public:
  explicit SequencePreTokenizer(std::vector<std::unique_ptr<const PreTokenizer>> stages)
      : stages_(std::move(stages)) {}

  Result<void> split(std::string_view text, std::vector<uint32_t>& ends) const override {
    std::vector<uint32_t> pieces{static_cast<uint32_t>(text.size())}, next;
    for (const auto& stage : stages_) {
      next.clear();
      uint32_t begin = 0;
      for (const uint32_t end : pieces) {
        const size_t first = next.size();
        HR_CHECK(stage->split(text.substr(begin, end - begin), next));
        for (size_t i = first; i < next.size(); ++i) next[i] += begin;
        begin = end;
      }
      pieces.swap(next);
    }
    ends.insert(ends.end(), pieces.begin(), pieces.end());
    return {};
  }

 private:
  std::vector<std::unique_ptr<const PreTokenizer>> stages_;
};

}  // namespace

std::unique_ptr<const PreTokenizer> make_sequence_pre_tokenizer(
    std::vector<std::unique_ptr<const PreTokenizer>> stages) {
  return std::make_unique<SequencePreTokenizer>(std::move(stages));
}

}  // namespace headrace::text

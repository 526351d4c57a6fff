#include "text/components/decoders/incremental.h"

#include <algorithm>

#include "text/components/decoders/replace_text.h"
#include "text/components/decoders/token_bytes.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

/// What travels between two links.
enum class Flow : uint8_t { Pieces, OneText };

class AppendStep final : public IncrementalStep {
 public:
  explicit AppendStep(std::string& out) : out_(out) {}
  void take(std::string_view piece) override { out_ += piece; }

 private:
  std::string& out_;
};

class SpaceBetweenStep final : public IncrementalStep {
 public:
  void take(std::string_view piece) override {
    if (!first_) next->take(" ");
    first_ = false;
    next->take(piece);
  }

 private:
  bool first_ = true;
};

/// Any decoder at all: keeps everything to the end.
class HoldStep final : public IncrementalStep {
 public:
  HoldStep(std::shared_ptr<const DecoderStage> stage, Flow flow) : stage_(std::move(stage)), flow_(flow) {
    if (flow_ == Flow::OneText) pieces_.emplace_back();
  }
  void take(std::string_view piece) override {
    if (flow_ == Flow::OneText) {
      pieces_[0] += piece;
    } else {
      pieces_.emplace_back(piece);
    }
  }
  Result<void> finish() override {
    HR_TRY(auto decoded, stage_->decode_chain(std::move(pieces_)));
    for (const std::string& piece : decoded) next->take(piece);
    return {};
  }

 private:
  std::shared_ptr<const DecoderStage> stage_;
  Flow flow_;
  std::vector<std::string> pieces_;
};

/// The parts of one text are what the pieces are.
class FuseStep final : public IncrementalStep {
 public:
  void take(std::string_view piece) override { next->take(piece); }
};

class ByteLevelStep final : public IncrementalStep {
 public:
  void take(std::string_view piece) override {
    append_bytes(piece, bytes_);
    text_.clear();
    const size_t incomplete = utf8::append_repaired(text_, bytes_, utf8::Repair::EachPart);
    bytes_.erase(0, bytes_.size() - incomplete);
    if (!text_.empty()) next->take(text_);
  }
  Result<void> finish() override {
    if (!bytes_.empty()) next->take(utf8::kReplacement);
    return {};
  }

 private:
  std::string bytes_;  // of a character that is not whole yet
  std::string text_;
};

/// A run of byte tokens is known at its end, or when it cannot be valid any more.
class ByteFallbackStep final : public IncrementalStep {
 public:
  void take(std::string_view piece) override {
    const auto byte = fallback_byte(piece);
    if (!byte) {
      end_run();
      next->take(piece);
    } else if (broken_) {
      next->take(utf8::kReplacement);
    } else {
      run_ += *byte;
      checked_ += utf8::valid_prefix(std::string_view(run_).substr(checked_));
      const auto rest = std::string_view(run_).substr(checked_);
      if (!rest.empty() && utf8::examine(rest).form == utf8::Form::Invalid) break_run();
    }
  }
  Result<void> finish() override {
    end_run();
    return {};
  }

 private:
  void break_run() {
    for (size_t i = 0; i < run_.size(); ++i) next->take(utf8::kReplacement);
    run_.clear();
    checked_ = 0;
    broken_ = true;
  }
  void end_run() {
    if (checked_ != run_.size()) break_run();
    if (!run_.empty()) next->take(run_);
    run_.clear();
    checked_ = 0;
    broken_ = false;
  }

  std::string run_;
  size_t checked_ = 0;  // bytes of run_ that are whole characters
  bool broken_ = false;
};

/// The last token's suffix becomes nothing, so each waits for the next.
class BpeStep final : public IncrementalStep {
 public:
  explicit BpeStep(BpeDecoder spec) : spec_(std::move(spec)) {}
  void take(std::string_view piece) override {
    if (waiting_) next->take(replace_text(*waiting_, spec_.suffix, " "));
    waiting_ = std::string(piece);
  }
  Result<void> finish() override {
    if (waiting_) next->take(replace_text(*waiting_, spec_.suffix, ""));
    return {};
  }

 private:
  BpeDecoder spec_;
  std::optional<std::string> waiting_;
};

class CtcStep final : public IncrementalStep {
 public:
  explicit CtcStep(Ctc spec) : spec_(std::move(spec)) {}
  void take(std::string_view piece) override {
    if (last_ && *last_ == piece) return;
    last_ = std::string(piece);
    std::string text = replace_text(piece, spec_.pad_token, "");
    if (spec_.cleanup) text = replace_text(clean_up(text), spec_.word_delimiter_token, " ");
    if (!text.empty()) next->take(text);
  }

 private:
  Ctc spec_;
  std::optional<std::string> last_;
};

/// The replacement is one character, so parts of a text are as good as pieces.
class MetaspaceStep final : public IncrementalStep {
 public:
  MetaspaceStep(const MetaspaceDecoder& spec, Flow flow) : flow_(flow), prepended_(spec.prepend_scheme != PrependScheme::Never) {
    utf8::append(replacement_, spec.replacement);
  }
  void take(std::string_view piece) override {
    next->take(replace_text(piece, replacement_, prepended_ ? "" : " "));
    if (flow_ == Flow::Pieces) prepended_ = false;
  }

 private:
  Flow flow_;
  bool prepended_;
  std::string replacement_;
};

/// A literal in whole pieces.
class ReplaceInPiecesStep final : public IncrementalStep {
 public:
  ReplaceInPiecesStep(std::string literal, std::string content) : literal_(std::move(literal)), content_(std::move(content)) {}
  void take(std::string_view piece) override { next->take(replace_text(piece, literal_, content_)); }

 private:
  std::string literal_;
  std::string content_;
};

/// A literal in one text: an end that may begin it waits.
class ReplaceInTextStep final : public IncrementalStep {
 public:
  ReplaceInTextStep(std::string literal, std::string content) : literal_(std::move(literal)), content_(std::move(content)) {}
  void take(std::string_view piece) override {
    waiting_ += piece;
    size_t done = 0;
    std::string text;
    for (size_t found; (found = waiting_.find(literal_, done)) != std::string::npos; done = found + literal_.size()) {
      text.append(waiting_, done, found - done).append(content_);
    }
    size_t kept = std::min(literal_.size() - 1, waiting_.size() - done);
    while (!literal_.starts_with(std::string_view(waiting_).substr(waiting_.size() - kept))) --kept;
    text.append(waiting_, done, waiting_.size() - kept - done);
    waiting_.erase(0, waiting_.size() - kept);
    if (!text.empty()) next->take(text);
  }
  Result<void> finish() override {
    if (!waiting_.empty()) next->take(waiting_);
    return {};
  }

 private:
  std::string literal_;
  std::string content_;
  std::string waiting_;
};

/// Strips the ends of whole pieces.
class StripPiecesStep final : public IncrementalStep {
 public:
  explicit StripPiecesStep(const StripDecoder& spec) : spec_(spec) { utf8::append(content_, spec.content); }
  void take(std::string_view piece) override {
    for (size_t i = 0; i < spec_.start && piece.starts_with(content_); ++i) piece.remove_prefix(content_.size());
    for (size_t i = 0; i < spec_.stop && piece.ends_with(content_); ++i) piece.remove_suffix(content_.size());
    next->take(piece);
  }

 private:
  StripDecoder spec_;
  std::string content_;
};

/// Strips the ends of one text: the characters at its end that may have to go wait.
class StripTextStep final : public IncrementalStep {
 public:
  explicit StripTextStep(const StripDecoder& spec) : spec_(spec) { utf8::append(content_, spec.content); }
  void take(std::string_view piece) override {
    while (stripped_ < spec_.start && piece.starts_with(content_)) {
      piece.remove_prefix(content_.size());
      ++stripped_;
    }
    if (piece.empty()) return;
    stripped_ = spec_.start;
    std::string_view body = piece;
    while (body.ends_with(content_)) body.remove_suffix(content_.size());
    const size_t at_end = (piece.size() - body.size()) / content_.size();
    if (!body.empty()) pass_waiting(waiting_);
    if (!body.empty()) next->take(body);
    waiting_ += at_end;
    if (waiting_ > spec_.stop) pass_waiting(waiting_ - spec_.stop);
  }

 private:
  void pass_waiting(size_t count) {
    for (size_t i = 0; i < count; ++i) next->take(content_);
    waiting_ -= count;
  }

  StripDecoder spec_;
  std::string content_;
  size_t stripped_ = 0;
  size_t waiting_ = 0;  // characters of content_
};

class WordPieceStep final : public IncrementalStep {
 public:
  explicit WordPieceStep(WordPieceDecoder spec) : spec_(std::move(spec)) {}
  void take(std::string_view piece) override {
    std::string text;
    if (first_) {
      text = piece;
    } else if (piece.starts_with(spec_.prefix)) {
      text = piece.substr(spec_.prefix.size());
    } else {
      text.append(" ").append(piece);
    }
    first_ = false;
    next->take(spec_.cleanup ? clean_up(text) : text);
  }

 private:
  WordPieceDecoder spec_;
  bool first_ = true;
};

class Compiler {
 public:
  using Steps = std::vector<std::unique_ptr<IncrementalStep>>;

  explicit Compiler(Steps& steps) : steps_(steps) {}
  Result<void> add(const DecoderSpec& spec) {
    if (const auto* sequence = std::get_if<DecoderSequence>(&spec.value)) {
      for (const auto& part : sequence->parts) {
        if (part) HR_CHECK(add(part->get()));
      }
      return {};
    }
    if (auto step = std::visit([&](const auto& decoder) { return step_of(decoder); }, spec.value)) {
      steps_.push_back(std::move(step));
      return {};
    }
    HR_TRY(auto stage, compile(spec));
    steps_.push_back(std::make_unique<HoldStep>(std::move(stage), flow_));
    flow_ = Flow::Pieces;
    return {};
  }

 private:
  using Step = std::unique_ptr<IncrementalStep>;

  // Null: nothing can be given out before the end.
  Step step_of(const Fuse&) {
    flow_ = Flow::OneText;
    return std::make_unique<FuseStep>();
  }
  Step step_of(const ByteLevelDecoder&) {
    if (flow_ == Flow::OneText) return nullptr;
    flow_ = Flow::OneText;
    return std::make_unique<ByteLevelStep>();
  }
  Step step_of(const ByteFallback&) { return pieces_only<ByteFallbackStep>(); }
  Step step_of(const BpeDecoder& spec) { return pieces_only<BpeStep>(spec); }
  Step step_of(const Ctc& spec) { return pieces_only<CtcStep>(spec); }
  Step step_of(const WordPieceDecoder& spec) { return pieces_only<WordPieceStep>(spec); }
  Step step_of(const MetaspaceDecoder& spec) { return std::make_unique<MetaspaceStep>(spec, flow_); }
  Step step_of(const StripDecoder& spec) {
    if (flow_ == Flow::OneText) return std::make_unique<StripTextStep>(spec);
    return std::make_unique<StripPiecesStep>(spec);
  }
  Step step_of(const ReplaceDecoder& spec) {
    const auto* literal = std::get_if<StringPattern>(&spec.pattern);
    if (!literal || literal->text.empty()) return nullptr;
    if (flow_ == Flow::OneText) return std::make_unique<ReplaceInTextStep>(literal->text, spec.content);
    return std::make_unique<ReplaceInPiecesStep>(literal->text, spec.content);
  }
  Step step_of(const DecoderSequence&) { return nullptr; }
  Step step_of(const CustomDecoder&) { return nullptr; }

  template <class Made, class... Spec>
  Step pieces_only(const Spec&... spec) const {
    if (flow_ == Flow::OneText) return nullptr;
    return std::make_unique<Made>(spec...);
  }

  Steps& steps_;
  Flow flow_ = Flow::Pieces;
};

/// Steps have no limit, so a decoder that may make more of a text than this many times as much is left to its stage, which has.
constexpr double kMostGrowth = 4096;

double growth(const DecoderSpec& spec) {
  if (const auto* sequence = std::get_if<DecoderSequence>(&spec.value)) {
    double all = 1;
    for (const auto& part : sequence->parts) all *= part ? growth(part->get()) : 1;
    return all;
  }
  const auto* replace = std::get_if<ReplaceDecoder>(&spec.value);
  const auto* literal = replace ? std::get_if<StringPattern>(&replace->pattern) : nullptr;
  if (!literal || literal->text.empty()) return 1;  // not by steps
  return std::max(1.0, static_cast<double>(replace->content.size()) / static_cast<double>(literal->text.size()));
}

}  // namespace

Result<IncrementalChain> IncrementalChain::compile(const LivePart<DecoderSpec>& decoder, std::string& out) {
  IncrementalChain chain;
  if (decoder && growth(decoder->get()) > kMostGrowth) {
    HR_TRY(auto stage, text::compile(decoder->get()));
    chain.steps_.push_back(std::make_unique<HoldStep>(std::move(stage), Flow::Pieces));
  } else if (decoder) {
    HR_CHECK(Compiler(chain.steps_).add(decoder->get()));
  } else {
    chain.steps_.push_back(std::make_unique<SpaceBetweenStep>());
  }
  chain.steps_.push_back(std::make_unique<AppendStep>(out));
  for (size_t i = 0; i + 1 < chain.steps_.size(); ++i) chain.steps_[i]->next = chain.steps_[i + 1].get();
  return chain;
}

Result<void> IncrementalChain::finish() {
  for (const auto& step : steps_) HR_CHECK(step->finish());
  return {};
}

}  // namespace headrace::text

#include "text/pretokenize/digit_splitters.h"

#include "text/pretokenize/character_class.h"

namespace headrace::text {
namespace {

constexpr ClassMask kDecimal = unicode::bit(unicode::Category::Nd);
constexpr ClassMask kWord = kLetter | kMark | kNumber | unicode::bit(unicode::Category::Pc);

enum class Bounds : uint8_t { Free, Word };

template <Bounds kBounds>
class TriplesFromRight final : public PreTokenizer {
 public:
  Result<void> split(std::string_view text, std::vector<uint32_t>& ends) const override {
    size_t done = 0;
    const auto cut = [&](size_t at) {
      if (at > done) ends.push_back(static_cast<uint32_t>(done = at));
    };
    for (Cursor cursor(text, 0); !cursor.at_end();) {
      if (!cursor.is(kDecimal)) {
        cursor.advance();
        continue;
      }
      Cursor run = cursor;
      size_t count = 0;
      for (; cursor.is(kDecimal); cursor.advance()) ++count;
      if (kBounds == Bounds::Word) {
        if (cursor.is(kWord)) continue;
        cut(run.at());
      }
      for (; count > 0; --count, run.advance()) {
        if (count % 3 == 0) cut(run.at());
      }
      if (kBounds == Bounds::Word) cut(cursor.at());
    }
    cut(text.size());
    return {};
  }
};

class FalconDigits final : public PreTokenizer {
 public:
  Result<void> split(std::string_view text, std::vector<uint32_t>& ends) const override {
    for (size_t at = 0; at < text.size();) {
      size_t end = at + 1;
      while (end < text.size() && numeric(text[end]) == numeric(text[at])) ++end;
      if (numeric(text[at])) split_triples(text, at, end, ends);
      ends.push_back(static_cast<uint32_t>(end));
      at = end;
    }
    return {};
  }

 private:
  static bool digit(char c) { return c >= '0' && c <= '9'; }
  static bool numeric(char c) {
    return digit(c) || std::string_view("\xB2\xB3\xB9\xBC\xBD\xBE").find(c) != std::string_view::npos;
  }

  /// [0-9][0-9][0-9] on text[begin, end); the caller adds the last end.
  static void split_triples(std::string_view text, size_t begin, size_t end, std::vector<uint32_t>& ends) {
    size_t done = begin;
    for (size_t at = begin; at + 3 <= end;) {
      if (!digit(text[at]) || !digit(text[at + 1]) || !digit(text[at + 2])) {
        ++at;
        continue;
      }
      if (at > done) ends.push_back(static_cast<uint32_t>(at));
      at += 3;
      if (at < end) ends.push_back(static_cast<uint32_t>(at));
      done = at;
    }
  }
};

}  // namespace

std::unique_ptr<const PreTokenizer> make_triples_from_right() {
  return std::make_unique<TriplesFromRight<Bounds::Free>>();
}

std::unique_ptr<const PreTokenizer> make_bounded_triples_from_right() {
  return std::make_unique<TriplesFromRight<Bounds::Word>>();
}

std::unique_ptr<const PreTokenizer> make_falcon_digits() { return std::make_unique<FalconDigits>(); }

}  // namespace headrace::text

#include <memory>

#include "text/normalized_string.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

uint32_t position(size_t at) { return static_cast<uint32_t>(at); }

/// Lists matches as they are found, and what lies between them.
class Division {
 public:
  explicit Division(std::string_view text) : text_(text) {}
  void match(size_t begin, size_t end) {
    gap(begin);
    matches_.push_back({{position(begin), position(end)}, true});
    done_ = end;
  }
  std::vector<Match> finish() {
    gap(text_.size());
    if (matches_.empty()) matches_.push_back({});  // an empty text
    return std::move(matches_);
  }

 private:
  void gap(size_t end) {
    if (end > done_) matches_.push_back({{position(done_), position(end)}, false});
    done_ = end;
  }

  std::string_view text_;
  std::vector<Match> matches_;
  size_t done_ = 0;
};

}  // namespace

Finder find_where(std::function<bool(char32_t)> predicate) {
  return [predicate = std::move(predicate)](std::string_view text) -> Result<std::vector<Match>> {
    Division division(text);
    for (size_t at = 0; at < text.size();) {
      uint32_t length;
      if (predicate(utf8::decode(text.data() + at, length))) division.match(at, at + length);
      at += length;
    }
    return division.finish();
  };
}

Finder find_character(char32_t character) {
  return find_where([character](char32_t c) { return c == character; });
}

Finder find_string(std::string literal) {
  return [literal = std::move(literal)](std::string_view text) -> Result<std::vector<Match>> {
    Division division(text);
    for (size_t at = 0; !literal.empty() && (at = text.find(literal, at)) != std::string_view::npos; at += literal.size()) {
      division.match(at, at + literal.size());
    }
    return division.finish();
  };
}

Finder inverted(Finder finder) {
  return [finder = std::move(finder)](std::string_view text) -> Result<std::vector<Match>> {
    HR_TRY(std::vector<Match> matches, finder(text));
    for (Match& match : matches) match.matched = !match.matched;
    return matches;
  };
}

}  // namespace headrace::text

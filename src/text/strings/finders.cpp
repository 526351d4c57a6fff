#include <string>
#include <utility>
#include <vector>

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

/// Finds a literal in linear time, whatever literal and text are: Knuth, Morris and Pratt.
class LiteralSearch {
 public:
  explicit LiteralSearch(std::string literal) : literal_(std::move(literal)), borders_(literal_.size()) {
    for (size_t i = 1, border = 0; i < literal_.size(); ++i) {
      while (border > 0 && literal_[i] != literal_[border]) border = borders_[border - 1];
      if (literal_[i] == literal_[border]) ++border;
      borders_[i] = border;
    }
  }

  /// Reports each occurrence, from left to right, not overlapping, to `found(begin, end)`.
  template <class Found>
  void find_all(std::string_view text, Found found) const {
    if (literal_.empty()) return;
    size_t matched = 0;
    for (size_t at = 0; at < text.size(); ++at) {
      if (matched == 0) {  // most of a text is passed over here
        at = text.find(literal_[0], at);
        if (at == std::string_view::npos) return;
      }
      while (matched > 0 && text[at] != literal_[matched]) matched = borders_[matched - 1];
      if (text[at] == literal_[matched]) ++matched;
      if (matched == literal_.size()) {
        found(at + 1 - matched, at + 1);
        matched = 0;
      }
    }
  }

 private:
  std::string literal_;
  std::vector<size_t> borders_;  // for each beginning, its longest proper end that is a beginning too
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
  return [search = LiteralSearch(std::move(literal))](std::string_view text) -> Result<std::vector<Match>> {
    Division division(text);
    search.find_all(text, [&](size_t begin, size_t end) { division.match(begin, end); });
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

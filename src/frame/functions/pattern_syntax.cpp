#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "frame/functions/pattern.h"

namespace headrace::frame {
namespace {

constexpr std::string_view kWord = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control})";

/// Writes a pattern anew for PCRE2: what both have passes, what only PCRE2 has is an error, and what means another thing there is
/// written out.
class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  Result<std::string> translate() {
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (c == '\\') {
        HR_CHECK(escape(false));
      } else if (c == '[') {
        HR_CHECK(open_class());
      } else if (c == '(') {
        HR_CHECK(open_group());
      } else if (c == '{') {
        HR_CHECK(repetition());
      } else if (c == '*' || c == '+' || c == '?') {
        repeat(c);
      } else {
        out_ += c;
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  std::unexpected<Error> wrong(std::string_view what, ErrorKind kind = ErrorKind::InvalidArgument) const {
    return fail(kind, fmt::format("the pattern {:?} has {} at byte {}", pattern_, what, at_));
  }
  char next(size_t by = 1) const { return at_ + by < pattern_.size() ? pattern_[at_ + by] : '\0'; }

  void copy(size_t bytes) {
    out_ += pattern_.substr(at_, bytes);
    at_ += bytes;
  }

  /// A second sign is PCRE2's for taking all and never giving back; here it repeats the repetition.
  void repeat(char sign) {
    out_ += sign;
    ++at_;
    if (at_ < pattern_.size() && pattern_[at_] == '?') copy(1);
    if (at_ < pattern_.size() && pattern_[at_] == '+') ++at_;  // x*+ is (x*)+: as much as x*
  }

  Result<void> repetition() {
    const size_t end = pattern_.find('}', at_);
    const std::string_view inner = end == pattern_.npos ? std::string_view() : pattern_.substr(at_ + 1, end - at_ - 1);
    const bool is_one = !inner.empty() && inner.find_first_not_of("0123456789,") == inner.npos && inner.front() != ',';
    if (!is_one) return wrong("a '{' that is no repetition");
    copy(end + 1 - at_);
    if (at_ < pattern_.size() && pattern_[at_] == '?') copy(1);
    const bool again = at_ < pattern_.size() && pattern_[at_] == '+';
    if (again) return wrong("a repetition of a repetition, which is not known yet", ErrorKind::Unsupported);
    return {};
  }

  Result<void> open_group() {
    if (next() == '*') return wrong("a '*' that repeats nothing");
    if (next() != '?') {
      copy(1);
      return {};
    }
    size_t end = at_ + 2;
    if (next(2) == 'P' && next(3) == '<') ++end;
    if (end < pattern_.size() && pattern_[end] == '<') {
      if (next(end + 1 - at_) == '=' || next(end + 1 - at_) == '!') return wrong("a look around, which is not known");
      copy(end + 1 - at_);
      return {};
    }
    while (end < pattern_.size() && std::string_view("imsUx-").contains(pattern_[end])) ++end;
    if (end < pattern_.size() && (pattern_[end] == ':' || pattern_[end] == ')')) {
      copy(end + 1 - at_);
      return {};
    }
    return wrong("a group of a kind that is not known");
  }

  /// An escape, in a class or not.
  Result<void> escape(bool in_class) {
    const char c = next();
    switch (c) {
      case 'w': return write(in_class ? std::string(kWord) : fmt::format("[{}]", kWord));
      case 's': return write(R"(\p{White_Space})");
      case 'S': return write(R"(\P{White_Space})");
      case 'd': return write(R"(\p{Nd})");
      case 'D': return write(R"(\P{Nd})");
      case 'v': return write(R"(\x0B)");
      case 'W':
        if (in_class) return wrong("\\W in a class, which is not known yet", ErrorKind::Unsupported);
        return write(fmt::format("[^{}]", kWord));
      default: break;
    }
    if (!in_class && (c == 'b' || c == 'B')) return boundary(c == 'b');
    if (!in_class && (c == 'A' || c == 'z')) return pass(2);
    if (std::string_view("ntrfa").contains(c)) return pass(2);
    if (c == 'x' || c == 'u' || c == 'U') return code_point(c);
    if (c == 'p' || c == 'P') return property();
    if (c == '\0' || static_cast<unsigned char>(c) >= 0x80 || std::isalnum(static_cast<unsigned char>(c)) || c == '<' || c == '>') {
      return wrong("an escape that is not known");
    }
    return pass(2);
  }

  Result<void> pass(size_t bytes) {
    copy(bytes);
    return {};
  }
  Result<void> write(std::string_view instead) {
    out_ += instead;
    at_ += 2;
    return {};
  }

  /// Where a word begins or ends, with the characters of words here.
  Result<void> boundary(bool is_one) {
    const std::string w = fmt::format("[{}]", kWord);
    return write(is_one ? fmt::format("(?:(?<={0})(?!{0})|(?<!{0})(?={0}))", w) : fmt::format("(?:(?<={0})(?={0})|(?<!{0})(?!{0}))", w));
  }

  Result<void> code_point(char kind) {
    size_t begin = at_ + 2, end = begin + (kind == 'x' ? 2 : kind == 'u' ? 4 : 8);
    size_t after = end;
    if (next(2) == '{') {
      begin = at_ + 3;
      end = std::min(pattern_.find('}', begin), pattern_.size());
      after = end + 1;
    }
    const std::string_view digits = end <= pattern_.size() ? pattern_.substr(begin, end - begin) : std::string_view();
    if (digits.empty() || digits.find_first_not_of("0123456789abcdefABCDEF") != digits.npos) return wrong("an escape without its digits");
    out_ += fmt::format("\\x{{{}}}", digits);
    at_ = after;
    return {};
  }

  Result<void> property() {
    if (next(2) != '{') return pass(3);
    const size_t end = pattern_.find('}', at_);
    if (end == pattern_.npos) return wrong("a property without its end");
    return pass(end + 1 - at_);
  }

  Result<void> open_class() {
    const size_t begin = at_;
    copy(1);
    if (at_ < pattern_.size() && pattern_[at_] == '^') copy(1);
    if (at_ < pattern_.size() && pattern_[at_] == ']') {
      out_ += "\\]";
      ++at_;
    }
    while (at_ < pattern_.size() && pattern_[at_] != ']') {
      const std::string_view rest = pattern_.substr(at_);
      if (rest.starts_with("&&") || rest.starts_with("--") || rest.starts_with("~~")) {
        return wrong("a class made of others, which is not known yet", ErrorKind::Unsupported);
      }
      if (rest.starts_with("[:")) {
        const size_t end = rest.find(":]");
        if (end == rest.npos) return wrong("a class without its end");
        copy(end + 2);
      } else if (rest.front() == '[') {
        return wrong("a class within another, which is not known yet", ErrorKind::Unsupported);
      } else if (rest.front() == '\\') {
        HR_CHECK(escape(true));
      } else {
        copy(1);
      }
    }
    if (at_ == pattern_.size()) {
      at_ = begin;
      return wrong("a class without its end");
    }
    copy(1);
    return {};
  }

  std::string_view pattern_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

Result<std::string> translated_pattern(std::string_view pattern) { return Translator(pattern).translate(); }

}  // namespace headrace::frame

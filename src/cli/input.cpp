#include "cli/input.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>

namespace headrace::cli {

Result<std::string> read_standard_input() {
  constexpr size_t kLimit = size_t{1} << 30;
  std::string text;
  char piece[1 << 16];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, piece, sizeof piece);
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return fail(ErrorKind::Io, fmt::format("cannot read standard input: {}", std::generic_category().message(errno)));
    }
    text.append(piece, static_cast<size_t>(got));
    if (text.size() > kLimit) return fail(ErrorKind::OutOfRange, "standard input is longer than 1 GiB");
  }
}

Result<std::vector<text::TokenId>> parse_ids(std::string_view text) {
  std::vector<text::TokenId> ids;
  constexpr std::string_view kSeparators = " \t\r\n,[]";
  size_t begin = text.find_first_not_of(kSeparators);
  while (begin != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(kSeparators, begin), text.size());
    text::TokenId id = 0;
    const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, id);
    if (error != std::errc() || stop != text.data() + end) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("\"{}\" is not a token id; write ids as 1,2,3", text.substr(begin, std::min<size_t>(end - begin, 40))));
    }
    ids.push_back(id);
    begin = text.find_first_not_of(kSeparators, end);
  }
  return ids;
}

}  // namespace headrace::cli

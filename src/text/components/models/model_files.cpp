#include "text/components/models/model_files.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

#include "text/components/models/json_reader.h"
#include "text/components/models/json_writer.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

std::unexpected<Error> system_error(const std::string& path) {
  const int code = errno;
  const ErrorKind kind = code == ENOENT || code == ENOTDIR ? ErrorKind::NotFound : ErrorKind::Io;
  return fail(kind, fmt::format("{} (os error {})", std::strerror(code), code), path);
}

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

Result<std::string> read_text(const std::filesystem::path& path) {
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (!file) return system_error(path);
  std::string text;
  char block[1 << 16];
  size_t got = 0;
  while ((got = std::fread(block, 1, sizeof block, file.get())) > 0) text.append(block, got);
  if (std::ferror(file.get())) return system_error(path);
  if (utf8::valid_prefix(text) != text.size()) return fail(ErrorKind::InvalidData, "stream did not contain valid UTF-8", path);
  return text;
}

/// Calls `line(number, text)` for each line, without "\n" or "\r\n".
template <class Line>
Result<void> for_each_line(std::string_view text, const Line& line) {
  for (size_t number = 0; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    std::string_view one = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (end != std::string_view::npos && one.ends_with('\r')) one.remove_suffix(1);
    HR_CHECK(line(number, one));
  }
  return {};
}

/// Whether a character is white space (property White_Space of Unicode).
bool is_white_space(char32_t c) {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::string_view without_space_at_end(std::string_view text) {
  while (!text.empty()) {
    size_t last = text.size() - 1;
    while (last > 0 && utf8::is_continuation(text[last])) --last;
    uint32_t length = 0;
    if (!is_white_space(utf8::decode(text.data() + last, length))) break;
    text = text.substr(0, last);
  }
  return text;
}

}  // namespace

Result<void> ModelFiles::write(std::string_view name, std::string_view content) {
  std::string path = folder_;
  if (!path.empty() && path.back() != '/') path += '/';
  if (prefix_) path.append(*prefix_).append("-");
  path += name;
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "wb"));
  if (!file) return system_error(path);
  const bool written = std::fwrite(content.data(), 1, content.size(), file.get()) == content.size() && std::fflush(file.get()) == 0;
  if (!written) return system_error(path);
  paths_.push_back(std::move(path));
  return {};
}

std::string vocabulary_json(const TokenTable& vocabulary) {
  std::string json = "{";
  for (size_t n = 0; n < vocabulary.size(); ++n) {
    if (!vocabulary.names_its_id(n)) continue;
    if (json.size() > 1) json += ',';
    append_json_string(json, vocabulary.spelling_at(n));
    json.append(":").append(fmt::to_string(vocabulary.id_at(n)));
  }
  return json += '}';
}

Result<std::vector<std::pair<std::string, TokenId>>> read_vocabulary_json(const std::filesystem::path& path) {
  HR_TRY(const std::string text, read_text(path));
  std::vector<std::pair<std::string, TokenId>> vocabulary;
  JsonReader reader(text);
  bool bad = false;
  JsonReader::Kind kind;
  if (!reader.peek(kind)) return std::unexpected(reader.error());
  bad = kind != JsonReader::Kind::Object;
  const bool read = bad ? reader.skip() : reader.members([&](std::string_view key) {
    if (!reader.peek(kind)) return false;
    if (kind != JsonReader::Kind::Number) return reader.skip();
    JsonNumber number;
    if (!reader.number(number)) return false;
    bad |= number.kind != JsonNumber::Kind::Unsigned;
    vocabulary.emplace_back(key, static_cast<TokenId>(number.natural));
    return true;
  });
  if (!read || !reader.finish()) return std::unexpected(reader.error());
  if (bad) return fail(ErrorKind::InvalidData, "Bad vocabulary json file", path);
  return vocabulary;
}

Result<std::vector<std::pair<std::string, std::string>>> read_merges_text(const std::filesystem::path& path) {
  HR_TRY(const std::string text, read_text(path));
  std::vector<std::pair<std::string, std::string>> merges;
  HR_CHECK(for_each_line(text, [&](size_t, std::string_view line) -> Result<void> {
    if (line.starts_with("#version")) return {};
    const size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
      return fail(ErrorKind::InvalidData, fmt::format("Merges text file invalid at line {}", merges.size() + 1), path);
    }
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
    return {};
  }));
  return merges;
}

Result<std::vector<std::pair<std::string, TokenId>>> read_vocabulary_text(const std::filesystem::path& path) {
  HR_TRY(const std::string text, read_text(path));
  std::vector<std::pair<std::string, TokenId>> vocabulary;
  HR_CHECK(for_each_line(text, [&](size_t number, std::string_view line) -> Result<void> {
    vocabulary.emplace_back(without_space_at_end(line), static_cast<TokenId>(number));
    return {};
  }));
  return vocabulary;
}

}  // namespace headrace::text

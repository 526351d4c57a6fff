#include "text/vocabulary/token_bytes.h"

#include <string>

#include "text/bpe/byte_letters.h"
#include "text/vocabulary/meta_symbol.h"

namespace headrace::text {

int named_byte(std::string_view spelling) {
  if (spelling.size() != 6 || !spelling.starts_with("<0x") || spelling[5] != '>') return -1;
  int byte = 0;
  for (const char digit : spelling.substr(3, 2)) {
    const int value = digit >= '0' && digit <= '9'   ? digit - '0'
                      : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                      : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                                                     : -1;
    if (value < 0) return -1;
    byte = byte * 16 + value;
  }
  return byte;
}

StringArena byte_level_token_bytes(const Vocabulary& vocabulary) {
  StringArena arena;
  arena.reserve(vocabulary.size(), size_t{vocabulary.size()} * 8);
  std::string bytes;
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    bytes.clear();
    const std::string_view spelling = vocabulary.spelling(id);
    if (vocabulary.is_added(id) || !ByteLetters::append_bytes(spelling, bytes)) bytes = spelling;
    arena.append(bytes);
  }
  return arena;
}

StringArena sentencepiece_token_bytes(const Vocabulary& vocabulary) {
  StringArena arena;
  arena.reserve(vocabulary.size(), size_t{vocabulary.size()} * 8);
  std::string bytes;
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    const std::string_view spelling = vocabulary.spelling(id);
    bytes.clear();
    if (const int byte = named_byte(spelling); byte >= 0) {
      bytes += static_cast<char>(byte);
    } else {
      append_with_spaces(spelling, bytes);
    }
    arena.append(bytes);
  }
  return arena;
}

}  // namespace headrace::text

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "frame/sql/source.h"

namespace headrace::frame::sql {

struct Token {
  enum class Kind {
    Word,    ///< a keyword or a name; in lower case, as it stands in `original`
    Name,    ///< in double quotes
    Number,
    String,  ///< in single quotes
    Symbol,
    End,
  };
  Kind kind = Kind::End;
  std::string text{};      ///< without quotes
  std::string original{};  ///< of words
  size_t at = 0;           ///< where in the query

  bool is(const char* symbol_or_word) const { return (kind == Kind::Word || kind == Kind::Symbol) && text == symbol_or_word; }
};

/// The words of a query, and an end behind them. Comments are left out.
Result<std::vector<Token>> tokens_of(const Source& source);

}  // namespace headrace::frame::sql

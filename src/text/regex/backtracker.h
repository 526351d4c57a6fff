#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/regex/parser.h"
#include "text/regex/step_budget.h"
#include "text/tokenizer.h"

namespace headrace::text::regex {

/// A matcher of our own, for the patterns that PCRE2 has no counterpart of: look-behind of any length above all. It tries
/// every way, as that does, some ten times slower, and every step counts towards the budget.
class Backtracker {
 public:
  static std::unique_ptr<const Backtracker> compile(const ParsedPattern& parsed, std::string_view pattern);

  /// The first match that begins at `from` or later. OutOfRange when one place or all of them cost too much.
  Result<std::optional<Offset>> find(std::string_view text, size_t from, StepBudget& budget) const;

  enum class Op : uint8_t {
    Set,          ///< one character of sets[a]
    RunOfSet,     ///< sets[a], b to c times, as many as there are; possessive: not fewer
    Branch,       ///< here, and if that fails at a
    Jump,         ///< to a
    Save,         ///< the place in slot a
    Anchor,
    Backreference,
    Call,         ///< a, up to its Return
    Return,
    Loop,         ///< begins one
    Again,        ///< the next time from a on, or further behind it: b to c times
    EndOfTurn,    ///< of a loop whose Again is at a
    Enter,        ///< Atomic and look-around: until the Leave
    LeaveAtomic,
    LeaveLook,    ///< back to where it was entered
    EnterNot,     ///< if what follows fails, on at a
    LeaveNot,     ///< it has not
    Behind,       ///< b to c characters back, fewer first
    CheckBehind,  ///< whether that leads to where it was entered
    IfCaptured,   ///< a group of groups[b], else on at a
    Keep,
    Match,
  };

  struct Instruction {
    Op op = Op::Match;
    uint32_t a = 0, b = 0, c = 0;
    RepeatMode mode = RepeatMode::Greedy;
    AnchorKind anchor = AnchorKind::LineBegin;
  };

 private:
  friend class BacktrackerWriter;
  friend class BacktrackerRun;

  /// The groups of a reference or a condition.
  struct Groups {
    std::vector<uint32_t> numbers;
    bool ignore_case = false;
    FoldTable folds = FoldTable::Unicode;
  };

  std::string pattern_;
  std::vector<Instruction> program_;
  std::vector<CodePointSet> sets_;
  std::vector<Groups> groups_;
  uint32_t slots_ = 0;  ///< two a capture, and where the match begins
};

}  // namespace headrace::text::regex

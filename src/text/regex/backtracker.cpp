#include "text/regex/backtracker.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/regex/lengths.h"
#include "text/unicode/utf8.h"

namespace headrace::text::regex {

using Op = Backtracker::Op;

namespace {

constexpr size_t kMostMemory = size_t{1} << 22;  // entries of the stack, and states
constexpr uint32_t kUnset = UINT32_MAX;

bool calls(const Node& node, uint32_t group) {
  if (node.kind == NodeKind::Call && node.group == group) return true;
  return std::ranges::any_of(node.children, [group](const Node& child) { return calls(child, group); });
}

}  // namespace

class BacktrackerWriter {
 public:
  BacktrackerWriter(const ParsedPattern& parsed, Backtracker& out) : parsed_(parsed), out_(out), program_(out.program_) {
    out_.slots_ = 2 * (parsed.captures + 1) + 1;
    begins_.resize(parsed.captures + 1, kUnset);
  }

  void run() {
    if (calls(parsed_.root, 0)) {
      begins_[0] = 2;
      emit(Op::Call, 2);
      emit(Op::Match);
      write(parsed_.root);
      emit(Op::Return);
    } else {
      write(parsed_.root);
      emit(Op::Match);
    }
    for (const auto& [at, group] : calls_) program_[at].a = begins_[group];
  }

 private:
  uint32_t here() const { return static_cast<uint32_t>(program_.size()); }

  uint32_t emit(Op op, uint32_t a = 0, uint32_t b = 0, uint32_t c = 0) {
    program_.push_back({.op = op, .a = a, .b = b, .c = c});
    return here() - 1;
  }

  void write(const Node& node) {
    switch (node.kind) {
      case NodeKind::Sequence:
      case NodeKind::Group:
        for (const Node& child : node.children) write(child);
        return;
      case NodeKind::Alternation: return write_alternation(node);
      case NodeKind::Set: emit(Op::Set, add_set(node.set)); return;
      case NodeKind::Literal:
        for (const char32_t c : node.text) emit(Op::Set, add_set({{c, c}}));
        return;
      case NodeKind::Repeat: return write_repeat(node);
      case NodeKind::Capture: return write_capture(node);
      case NodeKind::Atomic:
        emit(Op::Enter);
        write(node.children[0]);
        emit(Op::LeaveAtomic);
        return;
      case NodeKind::Look: return write_look(node);
      case NodeKind::Anchor:
        emit(Op::Anchor, add_set(node.set));
        program_.back().anchor = node.anchor;
        return;
      case NodeKind::Backreference: emit(Op::Backreference, 0, add_groups(node)); return;
      case NodeKind::Call: calls_.emplace_back(emit(Op::Call), node.group); return;
      case NodeKind::Conditional: return write_conditional(node);
      case NodeKind::Keep: emit(Op::Keep); return;
      case NodeKind::Absent: return;
    }
  }

  uint32_t add_set(const CodePointSet& set) {
    out_.sets_.push_back(set);
    return static_cast<uint32_t>(out_.sets_.size() - 1);
  }

  uint32_t add_groups(const Node& node) {
    out_.groups_.push_back({node.groups, node.ignore_case, node.folds});
    return static_cast<uint32_t>(out_.groups_.size() - 1);
  }

  void write_alternation(const Node& node) {
    std::vector<uint32_t> jumps;
    for (size_t i = 0; i < node.children.size(); ++i) {
      const bool is_last = i + 1 == node.children.size();
      const uint32_t branch = is_last ? 0 : emit(Op::Branch);
      write(node.children[i]);
      if (is_last) break;
      jumps.push_back(emit(Op::Jump));
      program_[branch].a = here();
    }
    for (const uint32_t jump : jumps) program_[jump].a = here();
  }

  void write_repeat(const Node& node) {
    const Node& child = node.children[0];
    if (child.kind == NodeKind::Set && node.mode != RepeatMode::Lazy) {
      emit(Op::RunOfSet, add_set(child.set), node.minimum, node.maximum);
      program_.back().mode = node.mode;
      return;
    }
    const bool possessive = node.mode == RepeatMode::Possessive;
    if (possessive) emit(Op::Enter);
    emit(Op::Loop);
    const uint32_t again = emit(Op::Again, 0, node.minimum, node.maximum);
    program_[again].mode = node.mode;
    write(child);
    emit(Op::EndOfTurn, again);
    program_[again].a = here();
    if (possessive) emit(Op::LeaveAtomic);
  }

  void write_capture(const Node& node) {
    const bool is_called = calls(parsed_.root, node.group);
    uint32_t jump = 0;
    if (is_called) {
      begins_[node.group] = here() + 2;
      emit(Op::Call, here() + 2);
      jump = emit(Op::Jump);
    }
    emit(Op::Save, 2 * node.group);
    write(node.children[0]);
    emit(Op::Save, 2 * node.group + 1);
    if (!is_called) return;
    emit(Op::Return);
    program_[jump].a = here();
  }

  void write_look(const Node& node) {
    const uint32_t enter = emit(node.negative ? Op::EnterNot : Op::Enter);
    if (node.behind) {
      const LengthRange length = length_range(node.children[0]);
      emit(Op::Behind, 0, length.minimum, length.maximum);
    }
    write(node.children[0]);
    if (node.behind) emit(Op::CheckBehind);
    emit(node.negative ? Op::LeaveNot : Op::LeaveLook);
    if (node.negative) program_[enter].a = here();
  }

  void write_conditional(const Node& node) {
    const uint32_t condition = emit(Op::IfCaptured, 0, add_groups(node));
    write(node.children[0]);
    const uint32_t jump = emit(Op::Jump);
    program_[condition].a = here();
    write(node.children[1]);
    program_[jump].a = here();
  }

  const ParsedPattern& parsed_;
  Backtracker& out_;
  std::vector<Backtracker::Instruction>& program_;
  std::vector<uint32_t> begins_;                      // of the groups that are called
  std::vector<std::pair<uint32_t, uint32_t>> calls_;  // instruction, group
};

/// The search for one match.
class BacktrackerRun {
 public:
  BacktrackerRun(const Backtracker& pattern, std::string_view text, size_t from, StepBudget& budget)
      : pattern_(pattern), text_(text), search_begin_(static_cast<uint32_t>(from)), budget_(budget), slots_(pattern.slots_) {}

  Result<std::optional<Offset>> run() {
    for (uint32_t start = search_begin_; start <= text_.size();) {
      const Outcome outcome = match_at(start);
      if (outcome == Outcome::TooMuch || !budget_.take(steps_)) {
        return fail(ErrorKind::OutOfRange,
                    fmt::format("The pattern gave up on a text of {} bytes (too many steps or too much memory); split the text or change "
                                "the pattern.", text_.size()), pattern_.pattern_);
      }
      if (outcome == Outcome::Found) return Offset{std::min(slots_.back() == kUnset ? start : slots_.back(), at_), at_};
      start += start < text_.size() ? utf8::length_by_lead(text_[start]) : 1;
    }
    return std::nullopt;
  }

 private:
  enum class Outcome : uint8_t { Found, NotFound, TooMuch };

  /// What to come back to.
  struct Entry {
    enum class Kind : uint8_t {
      Branch,   ///< at `pc`
      Restore,  ///< nowhere: slot `pc` has the value `at` again
      Shorter,  ///< the same with a run one character shorter, down to `extra`
      Further,  ///< the same from a character further back, `extra` times more
    };
    Kind kind = Kind::Branch;
    uint32_t pc = 0, at = 0, extra = 0, top = 0;
    size_t states = 0;
  };

  /// A loop, call, look-around or atomic group that the match is in. States never change, so coming back needs only `top_`.
  struct State {
    uint32_t parent = 0;
    uint32_t value = 0;  ///< turns of a loop, way back of a call, height of the stack
    uint32_t at = 0;     ///< where it, or its turn, began
    uint32_t end = 0;    ///< no character from here on: look-behind does not see what is ahead
  };

  Outcome match_at(uint32_t start) {
    std::ranges::fill(slots_, kUnset);
    stack_.clear();
    states_.assign(1, State{.end = static_cast<uint32_t>(text_.size())});
    top_ = 0;
    pc_ = 0;
    at_ = start;
    for (steps_ = 0; steps_ < budget_.one_match; ++steps_) {
      const Backtracker::Instruction& instruction = pattern_.program_[pc_];
      if (instruction.op == Op::Match) return Outcome::Found;
      if (!step(instruction) && !go_back()) return Outcome::NotFound;
      if (stack_.size() > kMostMemory || states_.size() > kMostMemory) return Outcome::TooMuch;
    }
    return Outcome::TooMuch;
  }

  /// Does one instruction; false if it does not fit.
  bool step(const Backtracker::Instruction& is) {
    ++pc_;
    switch (is.op) {
      case Op::Set: return take(pattern_.sets_[is.a]);
      case Op::RunOfSet: return take_run(is);
      case Op::Branch: push(Entry::Kind::Branch, is.a, top_); return true;
      case Op::Jump: pc_ = is.a; return true;
      case Op::Save: save(is.a, at_); return true;
      case Op::Anchor: return holds(is);
      case Op::Backreference: return take_group(pattern_.groups_[is.b]);
      case Op::Call:
        enter(pc_);
        pc_ = is.a;
        return true;
      case Op::Return:
        pc_ = states_[top_].value;
        top_ = states_[top_].parent;
        return true;
      case Op::Loop: enter(0); return true;
      case Op::Again: turn(is); return true;
      case Op::EndOfTurn: end_turn(is); return true;
      case Op::Enter: enter(static_cast<uint32_t>(stack_.size())); return true;
      case Op::LeaveAtomic: leave(); return true;
      case Op::LeaveLook: at_ = leave(); return true;
      case Op::EnterNot: {
        const auto height = static_cast<uint32_t>(stack_.size());
        push(Entry::Kind::Branch, is.a, top_);
        enter(height);
        return true;
      }
      case Op::LeaveNot: undo(states_[top_].value); return false;
      case Op::Behind: return go_behind(is);
      case Op::CheckBehind: return at_ == states_[top_].at;
      case Op::IfCaptured:
        if (!std::ranges::any_of(pattern_.groups_[is.b].numbers, [this](uint32_t group) { return is_set(group); })) pc_ = is.a;
        return true;
      case Op::Keep: save(pattern_.slots_ - 1, at_); return true;
      case Op::Match: break;
    }
    return false;
  }

  void push(Entry::Kind kind, uint32_t pc, uint32_t top, uint32_t extra = 0) {
    stack_.push_back({kind, pc, at_, extra, top, states_.size()});
  }

  void enter(uint32_t value) {
    states_.push_back({top_, value, at_, states_[top_].end});
    top_ = static_cast<uint32_t>(states_.size() - 1);
  }

  /// Forgets the ways back since the Enter, but not what to restore. Returns where it was.
  uint32_t leave() {
    const State state = states_[top_];
    const auto kept = std::remove_if(stack_.begin() + state.value, stack_.end(),
                                     [](const Entry& entry) { return entry.kind != Entry::Kind::Restore; });
    stack_.erase(kept, stack_.end());
    top_ = state.parent;
    return state.at;
  }

  void undo(size_t height) {
    for (; stack_.size() > height; stack_.pop_back()) {
      if (stack_.back().kind == Entry::Kind::Restore) slots_[stack_.back().pc] = stack_.back().at;
    }
  }

  /// To the last place that had another way; false if there is none.
  bool go_back() {
    while (!stack_.empty()) {
      const Entry entry = stack_.back();
      stack_.pop_back();
      if (entry.kind == Entry::Kind::Restore) {
        slots_[entry.pc] = entry.at;
        continue;
      }
      if (entry.kind == Entry::Kind::Further && entry.at == 0) continue;
      states_.resize(entry.states);
      top_ = entry.top;
      pc_ = entry.pc;
      at_ = entry.at;
      if (entry.kind == Entry::Kind::Branch) return true;
      at_ = before(at_);
      if (entry.kind == Entry::Kind::Shorter && at_ > entry.extra) push(entry.kind, pc_, top_, entry.extra);
      if (entry.kind == Entry::Kind::Further && entry.extra > 1) {
        push(entry.kind, pc_, top_, entry.extra == kUnlimited ? kUnlimited : entry.extra - 1);
      }
      return true;
    }
    return false;
  }

  uint32_t before(uint32_t at) const {
    do --at;
    while (at > 0 && utf8::is_continuation(text_[at]));
    return at;
  }

  bool is_in(const CodePointSet& set, uint32_t at) const {
    uint32_t length;
    return at < text_.size() && set.contains(utf8::decode(text_.data() + at, length));
  }

  bool take(const CodePointSet& set) {
    if (at_ >= states_[top_].end || !is_in(set, at_)) return false;
    at_ += utf8::length_by_lead(text_[at_]);
    return true;
  }

  bool take_run(const Backtracker::Instruction& is) {
    const CodePointSet& set = pattern_.sets_[is.a];
    uint32_t count = 0;
    uint32_t least = at_;  // where the shortest run that is long enough ends
    while (count < is.c && take(set)) {
      if (++count == is.b) least = at_;
    }
    steps_ += count;
    if (count < is.b) return false;
    if (is.mode == RepeatMode::Greedy && at_ > least) push(Entry::Kind::Shorter, pc_, top_, least);
    return true;
  }

  void save(uint32_t slot, uint32_t value) {
    stack_.push_back({Entry::Kind::Restore, slot, slots_[slot], 0, top_, states_.size()});
    slots_[slot] = value;
  }

  bool is_set(uint32_t group) const { return slots_[2 * group] != kUnset && slots_[2 * group + 1] != kUnset; }

  bool holds(const Backtracker::Instruction& is) const {
    const auto size = static_cast<uint32_t>(text_.size());
    switch (is.anchor) {
      case AnchorKind::LineBegin: return at_ == 0 || (at_ < size && text_[at_ - 1] == '\n');
      case AnchorKind::LineEnd: return at_ == size || text_[at_] == '\n';
      case AnchorKind::TextBegin: return at_ == 0;
      case AnchorKind::TextEnd: return at_ == size;
      case AnchorKind::TextEndOrLastLine: return at_ == size || (at_ + 1 == size && text_[at_] == '\n');
      case AnchorKind::SearchBegin: return at_ == search_begin_;
      case AnchorKind::WordBoundary: return is_boundary(pattern_.sets_[is.a]);
      case AnchorKind::NoWordBoundary: return !is_boundary(pattern_.sets_[is.a]);
    }
    return false;
  }

  bool is_boundary(const CodePointSet& word) const { return (at_ > 0 && is_in(word, before(at_))) != is_in(word, at_); }

  /// The text of the last group that has one and fits.
  bool take_group(const Backtracker::Groups& groups) {
    for (size_t i = groups.numbers.size(); i-- > 0;) {
      const uint32_t group = groups.numbers[i];
      const uint32_t begin = slots_[2 * group], end = slots_[2 * group + 1];
      if (is_set(group) && begin <= end && take_text(begin, end, groups)) return true;
    }
    return false;
  }

  bool take_text(uint32_t begin, uint32_t end, const Backtracker::Groups& groups) {
    uint32_t at = at_;
    while (begin < end) {
      if (at >= states_[top_].end) return false;
      uint32_t length, other_length;
      const char32_t c = utf8::decode(text_.data() + begin, length), other = utf8::decode(text_.data() + at, other_length);
      if (c != other && !(groups.ignore_case && same_case(c, groups.folds).contains(other))) return false;
      begin += length;
      at += other_length;
      ++steps_;
    }
    at_ = at;
    return true;
  }

  void turn(const Backtracker::Instruction& is) {
    const State& loop = states_[top_];
    const uint32_t parent = loop.parent;
    if (loop.value < is.b) return;
    if (is.c != kUnlimited && loop.value >= is.c) return go_on(is, parent);
    if (is.mode != RepeatMode::Lazy) return push(Entry::Kind::Branch, is.a, parent);
    push(Entry::Kind::Branch, pc_, top_);
    go_on(is, parent);
  }

  void go_on(const Backtracker::Instruction& again, uint32_t parent) {
    top_ = parent;
    pc_ = again.a;
  }

  /// After a turn that took nothing there is no other.
  void end_turn(const Backtracker::Instruction& is) {
    const State loop = states_[top_];
    if (at_ == loop.at) return go_on(pattern_.program_[is.a], loop.parent);
    top_ = loop.parent;
    enter(loop.value + 1);
    pc_ = is.a;
  }

  bool go_behind(const Backtracker::Instruction& is) {
    states_[top_].end = at_;
    for (uint32_t i = 0; i < is.b; ++i, ++steps_) {
      if (at_ == 0) return false;
      at_ = before(at_);
    }
    if (is.c > is.b) push(Entry::Kind::Further, pc_, top_, is.c == kUnlimited ? kUnlimited : is.c - is.b);
    return true;
  }

  const Backtracker& pattern_;
  std::string_view text_;
  uint32_t search_begin_;
  StepBudget& budget_;
  std::vector<uint32_t> slots_;
  std::vector<Entry> stack_;
  std::vector<State> states_;
  uint32_t top_ = 0, pc_ = 0, at_ = 0;
  uint64_t steps_ = 0;
};

std::unique_ptr<const Backtracker> Backtracker::compile(const ParsedPattern& parsed, std::string_view pattern) {
  auto compiled = std::make_unique<Backtracker>();
  BacktrackerWriter(parsed, *compiled).run();
  compiled->pattern_ = pattern;
  return compiled;
}

Result<std::optional<Offset>> Backtracker::find(std::string_view text, size_t from, StepBudget& budget) const {
  return BacktrackerRun(*this, text, from, budget).run();
}

}  // namespace headrace::text::regex

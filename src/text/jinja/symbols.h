#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "text/jinja/scope.h"

namespace headrace::text::jinja {

/// Follows, while a template is parsed, which names each scope reads and sets, to
/// find the names that a scope hides: Jinja decides at compile time that a name which
/// a scope sets before it reads it is that scope's own, so blocks inside that run
/// before the assignment find it undefined, even if the caller gave such a variable.
class Symbols {
 public:
  Symbols();

  void open_scope();
  /// Closes the innermost scope and gives its number.
  uint32_t close_scope();

  /// Leaves the innermost scope for its parent, to come back by its number.
  uint32_t suspend_scope() { return close_scope(); }
  void resume_scope(uint32_t number) { open_.push_back(number); }

  void load(NameId name);
  void store(NameId name);
  /// Loop variables and macro parameters: set when the scope starts.
  void declare(NameId name);

  /// The parts of an `if`: what happens in one of them may not happen at all.
  void open_branch();
  void close_branch();
  /// Joins the last `count` branches closed at this level; `elif`s count as one part.
  void join_branches(size_t count);

  /// The hidden names of every scope, by number. Scope 0 is the template itself.
  std::vector<std::vector<NameId>> hidden_names() const;

 private:
  enum class First { Load, Store, Parameter };
  struct Layer {
    std::map<NameId, First> names;  ///< what happened to each name first
    std::set<NameId> stores;
  };
  struct Tracked {
    int64_t parent = -1;
    std::vector<Layer> layers;    ///< the scope's own, and those of the branches it is in
    std::vector<Layer> branches;  ///< closed, not joined yet
  };

  Tracked& current() { return scopes_[open_.back()]; }
  static bool knows(const Tracked& scope, NameId name);
  static bool stores(const Tracked& scope, NameId name);
  void note(NameId name, First first);

  std::deque<Tracked> scopes_;
  std::vector<uint32_t> open_;
};

}  // namespace headrace::text::jinja

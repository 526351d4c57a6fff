#pragma once

#include <vector>

#include "text/jinja/value.h"

namespace headrace::text::jinja {

/// A name of the template, by its place in the program's list of names.
using NameId = uint32_t;

/// Variables of one block: a loop's turn, a macro's call, the template itself.
/// Reading looks outwards; setting stays here.
class Scope final : public Object {
 public:
  /// `hidden` are the names that this scope keeps from being read further out until
  /// they are set here.
  Scope(Heap& heap, Ref<Scope> parent, const std::vector<NameId>& hidden)
      : Object(heap), parent_(std::move(parent)), hidden_(hidden) {}

  /// The variable's value, or null; the address of `kHidden` if the search ended at a
  /// scope that hides the name.
  const Value* find(NameId name) const {
    for (const Scope* scope = this; scope; scope = scope->parent_.get()) {
      for (const auto& [id, value] : scope->variables_)
        if (id == name) return &value;
      for (const NameId id : scope->hidden_)
        if (id == name) return &kHidden;
    }
    return nullptr;
  }
  static inline const Value kHidden{};

  void set(NameId name, Value value) {
    for (auto& [id, old] : variables_) {
      if (id != name) continue;
      old = std::move(value);
      return;
    }
    variables_.emplace_back(name, std::move(value));
  }
  void clear() { variables_.clear(); }

 private:
  void drop_references() override {
    std::exchange(variables_, {});
    parent_ = {};
  }
  Ref<Scope> parent_;
  const std::vector<NameId>& hidden_;
  std::vector<std::pair<NameId, Value>> variables_;
};

}  // namespace headrace::text::jinja

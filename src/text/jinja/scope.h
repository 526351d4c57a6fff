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
  Scope(Heap& heap, Ref<Scope> parent) : Object(heap), parent_(std::move(parent)) {}

  const Value* find(NameId name) const {
    for (const Scope* scope = this; scope; scope = scope->parent_.get())
      for (const auto& [id, value] : scope->variables_)
        if (id == name) return &value;
    return nullptr;
  }
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
  std::vector<std::pair<NameId, Value>> variables_;
};

}  // namespace headrace::text::jinja

#include "text/jinja/symbols.h"

#include <algorithm>

namespace headrace::text::jinja {

Symbols::Symbols() { open_scope(); }

void Symbols::open_scope() {
  const int64_t parent = open_.empty() ? -1 : static_cast<int64_t>(open_.back());
  open_.push_back(static_cast<uint32_t>(scopes_.size()));
  scopes_.push_back({parent, std::vector<Layer>(1), {}});
}

uint32_t Symbols::close_scope() {
  const uint32_t number = open_.back();
  open_.pop_back();
  return number;
}

bool Symbols::knows(const Tracked& scope, NameId name) {
  return std::ranges::any_of(scope.layers, [name](const Layer& layer) { return layer.names.contains(name); });
}

bool Symbols::stores(const Tracked& scope, NameId name) {
  return std::ranges::any_of(scope.layers, [name](const Layer& layer) { return layer.stores.contains(name); });
}

void Symbols::note(NameId name, First first) {
  if (!knows(current(), name)) current().layers.back().names.emplace(name, first);
}

void Symbols::load(NameId name) { note(name, First::Load); }

void Symbols::store(NameId name) {
  current().layers.back().stores.insert(name);
  note(name, First::Store);
}

void Symbols::declare(NameId name) { note(name, First::Parameter); }

void Symbols::open_branch() { current().layers.emplace_back(); }

void Symbols::close_branch() {
  current().branches.push_back(std::move(current().layers.back()));
  current().layers.pop_back();
}

void Symbols::join_branches(size_t count) {
  Tracked& scope = current();
  std::map<NameId, size_t> stored_in;
  const auto first = scope.branches.end() - static_cast<ptrdiff_t>(count);
  for (auto branch = first; branch != scope.branches.end(); ++branch)
    for (const NameId name : branch->stores)
      if (!stores(scope, name)) ++stored_in[name];
  Layer& layer = scope.layers.back();
  for (auto branch = first; branch != scope.branches.end(); ++branch) {
    for (const auto& [name, what] : branch->names) layer.names[name] = what;
    layer.stores.insert(branch->stores.begin(), branch->stores.end());
  }
  // Set in some parts only: before that, the outer value shows through.
  for (const auto& [name, parts] : stored_in)
    if (parts != count && layer.names.contains(name)) layer.names[name] = First::Load;
  scope.branches.erase(first, scope.branches.end());
}

std::vector<std::vector<NameId>> Symbols::hidden_names() const {
  std::vector<std::vector<NameId>> hidden(scopes_.size());
  for (size_t i = 0; i < scopes_.size(); ++i) {
    for (const auto& [name, first] : scopes_[i].layers.front().names) {
      bool outside = false;
      for (int64_t outer = scopes_[i].parent; outer >= 0 && !outside; outer = scopes_[static_cast<size_t>(outer)].parent)
        outside = knows(scopes_[static_cast<size_t>(outer)], name);
      if (first == First::Store && !outside) hidden[i].push_back(name);
    }
  }
  return hidden;
}

}  // namespace headrace::text::jinja

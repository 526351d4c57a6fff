#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace headrace::text {

/// A vocabulary that grows while a model is trained: spellings numbered as they come.
class TrainingVocabulary {
 public:
  /// The id of a spelling, which is new if it was not there.
  uint32_t add(std::string_view spelling) {
    const auto [entry, added] = ids_.try_emplace(std::string(spelling), static_cast<uint32_t>(spellings_.size()));
    if (added) spellings_.push_back(&entry->first);
    return entry->second;
  }
  bool has(const std::string& spelling) const { return ids_.contains(spelling); }
  std::optional<uint32_t> find(const std::string& spelling) const {
    const auto found = ids_.find(spelling);
    return found == ids_.end() ? std::nullopt : std::optional(found->second);
  }
  size_t size() const { return spellings_.size(); }
  const std::string& spelling(uint32_t id) const { return *spellings_[id]; }

 private:
  std::unordered_map<std::string, uint32_t> ids_;
  std::vector<const std::string*> spellings_;
};

}  // namespace headrace::text

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::engine {

/// Looks for stop texts in a stream of pieces. What could still become one is held
/// back; everything else is passed on. The match that ends first wins (of those, the
/// one that begins first), so that the cut does not depend on how the text was pieced.
class StopMatcher {
 public:
  /// `stops` must not contain an empty string and must outlive the matcher.
  StopMatcher(const std::vector<std::string>& stops, bool include_stop)
      : stops_(&stops), include_stop_(include_stop) {}

  /// Takes a piece and appends to `out` what is certain not to belong to a stop text.
  /// Returns the stop text that was met, or nullptr; after a match nothing more comes.
  const std::string* push(std::string_view piece, std::string& out);
  /// Appends what is still held back.
  void finish(std::string& out);

 private:
  size_t held_from() const;

  const std::vector<std::string>* stops_;
  bool include_stop_;
  std::string held_;
};

}  // namespace headrace::engine

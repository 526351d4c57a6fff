#pragma once

#include <optional>

#include "text/jinja/cursor.h"
#include "text/jinja/scope.h"
#include "text/jinja/statement.h"

namespace headrace::text::jinja {

/// The `loop` of a running `for`. It reads its iterable one item ahead only when
/// asked (`loop.last`, `loop.nextitem`), and to the end only for `loop.length`.
class LoopObject final : public Object {
 public:
  LoopObject(Heap& heap, const For& statement, Ref<Scope> outer, Value iterable, int depth);

  /// Moves to the next item; false at the end.
  bool advance(Renderer& renderer, Value& item);
  /// index, first, last, previtem, …; nothing for other names.
  std::optional<Value> attribute(Renderer& renderer, std::string_view name);
  int64_t length(Renderer& renderer);
  Value cycle(const Arguments& arguments) const;
  Value changed(Renderer& renderer, const Arguments& arguments);
  /// `loop(iterable)` in a recursive loop: the text of its body over another iterable.
  Value call(Renderer& renderer, const Arguments& arguments);

 private:
  void drop_references() override;
  bool fetch(Renderer& renderer, Value& item);
  bool peek(Renderer& renderer);

  const For& statement_;
  Ref<Scope> outer_;
  Value iterable_;
  std::optional<Cursor> cursor_;
  std::vector<Value> ahead_;  ///< fetched and not reached yet, the next one last
  std::optional<Value> previous_, current_, last_changed_;
  int64_t index0_ = -1;
  int64_t length_ = -1;
  int depth_;
};

}  // namespace headrace::text::jinja

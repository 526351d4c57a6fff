#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/chat_template.h"
#include "text/jinja/failure.h"
#include "text/jinja/heap.h"
#include "text/jinja/statement.h"

namespace headrace::text::jinja {

/// One rendering of a program: its variables, its output and its limits.
class Renderer {
 public:
  Renderer(const Program& program, const nlohmann::ordered_json& variables, const ChatContext& context);

  /// Renders the whole template. Throws Failure, with a line.
  std::string run();

  Heap& heap() { return heap_; }
  const std::string& name_of(NameId name) const { return program_.names[name]; }
  /// A variable that no scope has: what the caller gave, or a global function.
  Value global(NameId name);
  Value undefined(std::string reason) { return make_undefined(heap_, std::move(reason)); }
  int64_t now_seconds() const { return context_.now_seconds; }
  Value call(const Value& callee, Arguments& arguments);
  /// A new scope inside `outer`, for scope `number` of the program.
  Ref<Scope> open_scope(Ref<Scope> outer, uint32_t number) {
    return heap_.make<Scope>(std::move(outer), program_.hidden[number]);
  }

  void write(std::string_view text);
  void write(const Value& value);
  /// What `produce` writes, instead of writing it.
  template <class Produce>
  std::string capture(Produce&& produce);

  /// Remembers where the rendering is, for errors.
  void at(int line) { line_ = line; }
  int line() const { return line_; }

  /// Bounds recursion of evaluation; one of these stands in every node that recurses.
  class Nesting {
   public:
    explicit Nesting(Renderer& renderer) : renderer_(renderer) {
      renderer.heap_.step();
      if (++renderer.nesting_ > kDeepest) [[unlikely]] stop_nesting(renderer);
    }
    ~Nesting() { --renderer_.nesting_; }

   private:
    [[noreturn]] static void stop_nesting(Renderer& renderer);
    Renderer& renderer_;
  };

 private:
  static constexpr int kDeepest = 1500;
  Value find_global_value(const std::string& name);

  const Program& program_;
  const nlohmann::ordered_json& variables_;
  const ChatContext& context_;
  Heap heap_;
  std::vector<std::optional<Value>> globals_;
  std::string* output_ = nullptr;
  uint64_t written_bytes_ = 0;
  int line_ = 1;
  int nesting_ = 0;
};

template <class Produce>
std::string Renderer::capture(Produce&& produce) {
  std::string text;
  std::string* const outer = std::exchange(output_, &text);
  produce();
  output_ = outer;
  written_bytes_ -= text.size();
  return text;
}

}  // namespace headrace::text::jinja

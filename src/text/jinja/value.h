#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/failure.h"
#include "text/jinja/heap.h"

namespace headrace::text::jinja {

class Renderer;
class Value;
struct Arguments;

/// The Python types that a template can meet.
enum class Kind : uint8_t {
  Undefined,
  None,
  Boolean,
  Integer,
  Float,
  String,
  List,
  Tuple,
  Dictionary,
  Range,
  View,      ///< what dict.keys(), values() and items() give
  Iterator,  ///< what map, select, reverse and the like give: consumed once
  Namespace,
  Loop,
  Cycler,
  Joiner,
  Callable,
};

/// A Python value: cheap to copy, immutable but for namespaces, loops, cyclers,
/// joiners and iterators (the sandbox forbids changing lists and dictionaries).
class Value {
 public:
  Value() : kind_(Kind::Undefined), object_(nullptr) {}
  explicit Value(bool boolean) : kind_(Kind::Boolean), integer_(0) { boolean_ = boolean; }
  explicit Value(int64_t integer) : kind_(Kind::Integer), integer_(integer) {}
  explicit Value(double number) : kind_(Kind::Float), number_(number) {}
  Value(Kind kind, Object* object) : kind_(kind), object_(object) {
    if (object_) object_->retain();
  }
  template <class T>
  Value(Kind kind, const Ref<T>& object) : Value(kind, object.get()) {}
  static Value none() {
    Value value;
    value.kind_ = Kind::None;
    return value;
  }

  Value(const Value& other) : kind_(other.kind_), integer_(other.integer_) {
    if (has_object()) object_->retain();
  }
  Value(Value&& other) noexcept : kind_(other.kind_), integer_(other.integer_) {
    other.kind_ = Kind::None;
  }
  Value& operator=(const Value& other) {
    Value copy(other);
    swap(copy);
    return *this;
  }
  Value& operator=(Value&& other) noexcept {
    Value moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~Value() {
    if (has_object()) object_->release();
  }

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_undefined() const { return kind_ == Kind::Undefined; }
  bool is_none() const { return kind_ == Kind::None; }
  bool is_string() const { return kind_ == Kind::String; }
  /// True of bool and int, which Python counts as one.
  bool is_integral() const { return kind_ == Kind::Integer || kind_ == Kind::Boolean; }
  bool is_number() const { return is_integral() || kind_ == Kind::Float; }

  bool boolean() const { return boolean_; }
  /// The value of an int or bool.
  int64_t integer() const { return kind_ == Kind::Boolean ? int64_t{boolean_} : integer_; }
  /// The value of a float, int or bool as a float.
  double number() const { return kind_ == Kind::Float ? number_ : static_cast<double>(integer()); }
  Object* object() const { return object_; }
  template <class T>
  T& as() const {
    return *static_cast<T*>(object_);
  }

  /// The bytes of a string.
  std::string_view text() const;
  /// The items of a list or tuple.
  std::span<const Value> items() const;

 private:
  bool has_object() const {
    return kind_ >= Kind::String ? true : kind_ == Kind::Undefined && object_ != nullptr;
  }
  void swap(Value& other) noexcept {
    std::swap(kind_, other.kind_);
    std::swap(integer_, other.integer_);
  }

  Kind kind_;
  union {
    bool boolean_;
    int64_t integer_;
    double number_;
    Object* object_;
  };
};

/// UTF-8 text, its own or borrowed from the variables that are being rendered.
class StringObject final : public Object {
 public:
  StringObject(Heap& heap, std::string text, bool markup = false);
  StringObject(Heap& heap, std::string_view borrowed);
  std::string_view text() const { return text_; }
  /// True of what the `safe` and `escape` filters give: it is not escaped again.
  bool is_markup() const { return markup_; }
  bool is_ascii() const;
  /// The number of code points.
  size_t length() const;

 private:
  std::string owned_;
  std::string_view text_;
  bool markup_ = false;
  mutable size_t length_ = SIZE_MAX;
};

/// A list or a tuple.
class ListObject final : public Object {
 public:
  ListObject(Heap& heap, std::vector<Value> items);
  const std::vector<Value> items;
  /// One of groupby's pairs, which also have the attributes `grouper` and `list`.
  bool is_group = false;
  /// How deep containers nest beneath and including this one.
  int depth() const { return depth_; }

 private:
  void drop_references() override { std::exchange(const_cast<std::vector<Value>&>(items), {}); }
  int depth_ = 1;
};

using Entry = std::pair<Value, Value>;

/// A dictionary, in order of insertion. Fill it, then share it: `set` is for the
/// one who makes it.
class DictionaryObject final : public Object {
 public:
  explicit DictionaryObject(Heap& heap) : Object(heap) {}
  const std::vector<Entry>& entries() const { return entries_; }
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  /// Adds or replaces; stops on keys that Python cannot hash.
  void set(Value key, Value value);
  /// Adds a key that is known to be new.
  void append(Value key, Value value);
  int depth() const { return depth_; }

 private:
  void drop_references() override;
  size_t position_of(const Value& key) const;
  size_t position_of(std::string_view key) const;

  std::vector<Entry> entries_;
  mutable std::map<std::string_view, uint32_t> index_;  ///< of string keys; kept from nine entries on
  mutable size_t indexed_ = 0;
  int depth_ = 1;
};

class RangeObject final : public Object {
 public:
  RangeObject(Heap& heap, int64_t start, int64_t stop, int64_t step);
  const int64_t start, stop, step;
  int64_t size = 0;
};

enum class ViewOf { Keys, Values, Items };

class ViewObject final : public Object {
 public:
  ViewObject(Heap& heap, Ref<DictionaryObject> dictionary, ViewOf what)
      : Object(heap), dictionary(std::move(dictionary)), what(what) {}
  Ref<DictionaryObject> dictionary;
  const ViewOf what;

 private:
  void drop_references() override { dictionary = {}; }
};

class IteratorObject final : public Object {
 public:
  IteratorObject(Heap& heap, std::vector<Value> items, const char* type_name);
  std::vector<Value> items;
  size_t position = 0;
  const char* const type_name;
  std::shared_ptr<const Failure> failure;  ///< what the one who reads past the items is told

 private:
  void drop_references() override { std::exchange(items, {}); }
};

class NamespaceObject final : public Object {
 public:
  explicit NamespaceObject(Heap& heap) : Object(heap) {}
  const Value* find(std::string_view name) const;
  void set(const Value& name, Value value);
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  void drop_references() override { std::exchange(entries_, {}); }
  std::vector<Entry> entries_;
};

/// Why a value is undefined, for the error when it is used.
class UndefinedObject final : public Object {
 public:
  UndefinedObject(Heap& heap, std::string reason) : Object(heap), reason(std::move(reason)) {}
  const std::string reason;
};

/// Anything with parentheses: macros, global functions, methods bound to a value.
class CallableObject : public Object {
 public:
  using Object::Object;
  virtual Value call(Renderer& renderer, Arguments& arguments) = 0;
  virtual std::string describe() const = 0;
};

/// What a call passes: positional values and values by name.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string_view, Value>> named;
  std::vector<Value> keep;  ///< strings that names borrow
};

/// Makers; each counts its bytes.
Value make_string(Heap& heap, std::string text, bool markup = false);
Value make_list(Heap& heap, std::vector<Value> items);
Value make_tuple(Heap& heap, std::vector<Value> items);
Value make_iterator(Heap& heap, std::vector<Value> items, const char* type_name = "generator");
/// The iterator that a lazy filter gives: what `produce` adds to its argument. If it
/// fails, the failure waits for the one who reads that far, as it would in Python.
template <class Produce>
Value make_lazy(Heap& heap, Produce&& produce) {
  std::vector<Value> items;
  std::shared_ptr<const Failure> failure;
  try {
    produce(items);
  } catch (Failure& caught) {
    if (caught.kind == ErrorKind::OutOfRange) throw;
    failure = std::make_shared<const Failure>(std::move(caught));
  }
  Value value = make_iterator(heap, std::move(items));
  value.as<IteratorObject>().failure = std::move(failure);
  return value;
}
Value make_undefined(Heap& heap, std::string reason);

/// Python's name of a value's type: "str", "dict", "NoneType".
std::string_view type_name(const Value& value);
/// Stops with the reason why `value` is undefined.
[[noreturn]] void stop_undefined(const Value& value);

/// Containers may nest this deep, in variables and in templates.
inline constexpr int kDeepestNesting = 200;

}  // namespace headrace::text::jinja

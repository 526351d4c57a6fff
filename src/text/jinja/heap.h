#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace headrace::text::jinja {

class Heap;

/// What a Value may point at. Counted without atomics: an object belongs to one
/// rendering, or is a template's constant, which is never counted and so may be
/// shared by threads.
class Object {
 public:
  virtual ~Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  void retain() {
    if (!permanent_) ++references_;
  }
  void release() {
    if (!permanent_ && --references_ == 0) destroy();
  }
  bool is_unshared() const { return references_ == 1; }
  Heap& heap() const { return *heap_; }

 protected:
  explicit Object(Heap& heap) : heap_(&heap) {}
  /// Drops every reference to other objects; called once before the object is
  /// deleted, so that long chains are taken apart without recursion.
  virtual void drop_references() {}

 private:
  friend class Heap;
  void destroy();

  Heap* heap_;
  Object* previous_ = nullptr;
  Object* next_ = nullptr;
  uint64_t charged_bytes_ = 0;
  uint32_t references_ = 0;
  bool permanent_ = false;
};

/// An owning pointer to an Object.
template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* object) : object_(object) {
    if (object_) object_->retain();
  }
  Ref(const Ref& other) : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_) object_->release();
  }
  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

/// The objects of one rendering (or a template's constants): counts the bytes that
/// are alive and the work done, stops the rendering at its limits, and at the end
/// frees what cycles through namespaces and macros have kept.
class Heap {
 public:
  Heap(uint64_t limit_bytes, uint64_t limit_steps) : limit_bytes_(limit_bytes), limit_steps_(limit_steps) {}
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  template <class T, class... Args>
  Ref<T> make(Args&&... args) {
    Ref<T> object(new T(*this, std::forward<Args>(args)...));
    link(*object);
    charge(*object, sizeof(T));
    return object;
  }

  /// Counts work: one step is a statement, an expression, or an element touched.
  void step(uint64_t count = 1) {
    steps_ += count;
    if (steps_ > limit_steps_) [[unlikely]] stop_steps();
  }
  /// Counts bytes that `object` owns, and the work of filling them.
  void charge(Object& object, uint64_t bytes);
  /// Stops unless `bytes` more may be alive; call before building something large.
  void expect(uint64_t bytes);

  /// Makes an object uncounted and immortal until the heap goes.
  static void make_permanent(Object& object) { object.permanent_ = true; }
  uint64_t limit_bytes() const { return limit_bytes_; }

 private:
  friend class Object;
  [[noreturn]] void stop_steps() const;
  void link(Object& object);
  void unlink(Object& object);
  void destroy(Object& object);

  Object* first_ = nullptr;
  Object* pending_ = nullptr;
  bool destroying_ = false;
  bool closing_ = false;
  uint64_t live_bytes_ = 0;
  uint64_t steps_ = 0;
  uint64_t limit_bytes_;
  uint64_t limit_steps_;
};

}  // namespace headrace::text::jinja

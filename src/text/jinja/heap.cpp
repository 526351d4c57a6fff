#include "text/jinja/heap.h"

#include "text/jinja/failure.h"

namespace headrace::text::jinja {

void Object::destroy() { heap_->destroy(*this); }

Heap::~Heap() {
  closing_ = true;
  for (Object* object = first_; object; object = object->next_) object->drop_references();
  while (first_) {
    Object* object = first_;
    first_ = object->next_;
    delete object;
  }
}

void Heap::link(Object& object) {
  object.next_ = first_;
  if (first_) first_->previous_ = &object;
  first_ = &object;
}

void Heap::unlink(Object& object) {
  (object.previous_ ? object.previous_->next_ : first_) = object.next_;
  if (object.next_) object.next_->previous_ = object.previous_;
}

// Objects whose last reference goes while another is being taken apart wait in a
// list (threaded through next_), so a chain of a million links needs no stack.
void Heap::destroy(Object& object) {
  if (closing_) return;
  unlink(object);
  object.next_ = pending_;
  pending_ = &object;
  if (destroying_) return;
  destroying_ = true;
  while (pending_) {
    Object* next = pending_;
    pending_ = next->next_;
    next->drop_references();
    live_bytes_ -= next->charged_bytes_;
    delete next;
  }
  destroying_ = false;
}

void Heap::charge(Object& object, uint64_t bytes) {
  object.charged_bytes_ += bytes;
  live_bytes_ += bytes;
  step(bytes / 256);
  if (live_bytes_ > limit_bytes_) expect(0);
}

void Heap::expect(uint64_t bytes) {
  if (bytes > limit_bytes_ || live_bytes_ > limit_bytes_ - bytes)
    stop_at_limit("the template needs more than {} bytes of memory for its values", limit_bytes_);
}

void Heap::stop_steps() const {
  stop_at_limit("the template does more than {} steps of work; raise limit_steps if it should", limit_steps_);
}

}  // namespace headrace::text::jinja

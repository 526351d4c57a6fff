#include "python/notifier.h"

#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/vector.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "python/bindings.h"
#include "python/errors.h"

namespace nb = nanobind;

namespace headrace::python {

Notifier::Notifier() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) {
    throw Failure({ErrorKind::Io, "cannot open an event descriptor: " + std::generic_category().message(errno)});
  }
}

Notifier::~Notifier() { ::close(descriptor_); }

void Notifier::notify(uint64_t job) {
  const std::lock_guard lock(mutex_);
  const bool first = jobs_.empty();
  if (first || std::ranges::find(jobs_, job) == jobs_.end()) jobs_.push_back(job);
  if (first) (void)::eventfd_write(descriptor_, 1);
}

std::vector<uint64_t> Notifier::take() {
  const std::lock_guard lock(mutex_);
  eventfd_t ignored = 0;
  (void)::eventfd_read(descriptor_, &ignored);
  return std::exchange(jobs_, {});
}

void bind_notifier(nb::module_& module) {
  nb::class_<Notifier>(module, "Notifier")
      .def(nb::init<>())
      .def("fileno", &Notifier::descriptor)
      .def("take", &Notifier::take);
}

}  // namespace headrace::python

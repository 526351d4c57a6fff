#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "python/errors.h"
#include "python/tokenizers/representation.h"
#include "text/components.h"

namespace headrace::python {

/// What Python holds of a live part: an object of the base class ("Normalizer") shares the
/// spec with the tokenizers and sequences that it was given to.
template <class Spec>
struct Handle {
  text::LivePart<Spec> live;
};

/// The same, of a kind that is known ("NFC"): a sub-class in Python.
template <class Spec, class Part>
struct HandleOf : Handle<Spec> {
  auto get() const { return std::get<Part>(this->live->get().value); }
};

template <class Spec>
text::LivePart<Spec> make_live(Spec spec) {
  return std::make_shared<text::Live<Spec>>(std::move(spec));
}

template <class Spec, class Part>
HandleOf<Spec, Part> make_handle(Part part) {
  HandleOf<Spec, Part> handle;
  handle.live = make_live(Spec{std::move(part)});
  return handle;
}

/// The Python object, of the sub-class of its kind, for a live part; None for none.
template <class Spec>
nanobind::object handle_of(const text::LivePart<Spec>& live) {
  if (!live) return nanobind::none();
  return std::visit(
      [&]<class Part>(const Part&) -> nanobind::object {
        HandleOf<Spec, Part> handle;
        handle.live = live;
        return nanobind::cast(std::move(handle));
      },
      live->get().value);
}

/// The live part of a Python object; TypeError in the reference's words otherwise.
template <class Spec>
text::LivePart<Spec> live_of(nanobind::handle object, const char* what) {
  Handle<Spec>* handle = nullptr;
  if (!nanobind::try_cast(object, handle, false) || !handle) throw nanobind::type_error(what);
  return handle->live;
}

/// Pickling (the state is the JSON form) and what `repr` and `str` show.
template <class Spec>
void bind_state(nanobind::class_<Handle<Spec>>& base) {
  base.def("__getstate__", [](const Handle<Spec>& self) {
    const std::string json = value_or_raise(text::write_component(self.live->get()));
    return nanobind::bytes(json.data(), json.size());
  });
  base.def("__repr__", [](const Handle<Spec>& self) { return representation(value_or_raise(text::write_component(self.live->get()))); });
  base.def("__str__", [](const Handle<Spec>& self) {
    return short_representation(value_or_raise(text::write_component(self.live->get())));
  });
}

/// A sub-class for one kind of part.
template <class Spec, class Part>
class PartClass {
 public:
  using Bound = HandleOf<Spec, Part>;

  PartClass(nanobind::handle scope, const char* name, const char* doc) : bound_(scope, name, doc) {
    bound_.def("__setstate__", [](Bound& self, const nanobind::bytes& state) {
      new (&self) Bound();
      self.live = make_live(value_or_raise(text::read_component<Spec>({state.c_str(), state.size()})));
      if (!std::holds_alternative<Part>(self.live->get().value)) {
        throw Failure({ErrorKind::InvalidArgument, "this state is of another kind of component"});
      }
    });
  }

  /// A parameter that can be read and set.
  template <class T>
  PartClass& field(const char* name, T Part::*member) {
    bound_.def_prop_rw(
        name, [member](const Bound& self) { return self.get().*member; },
        [member](Bound& self, T value) { edit(self, [&](Part& part) { part.*member = std::move(value); }); });
    return *this;
  }
  /// The same, shown to Python in another form.
  template <class Read, class Write>
  PartClass& field(const char* name, Read read, Write write) {
    bound_.def_prop_rw(
        name, [read](const Bound& self) { return read(self.get()); },
        [write](Bound& self, decltype(read(std::declval<const Part&>())) value) { edit(self, [&](Part& part) { write(part, value); }); });
    return *this;
  }

  nanobind::class_<Bound, Handle<Spec>>& bound() { return bound_; }
  nanobind::class_<Bound, Handle<Spec>>* operator->() { return &bound_; }

  template <class Edit>
  static void edit(Bound& self, Edit&& change) {
    self.live->edit([&](Spec& spec) { change(std::get<Part>(spec.value)); });
  }

 private:
  nanobind::class_<Bound, Handle<Spec>> bound_;
};

/// Places a part into the memory of a new Python object.
template <class Spec, class Part>
void construct(HandleOf<Spec, Part>& self, Part part) {
  new (&self) HandleOf<Spec, Part>(make_handle<Spec>(std::move(part)));
}

/// Raises now what the first use would: a pattern that does not compile, a bad table.
template <class Spec>
void check_stage(const Handle<Spec>& self) {
  (void)value_or_raise(self.live->stage());
}

/// `len`, `[i]` and `[i] = x` of a sequence of parts.
template <class Spec, class Sequence>
void bind_sequence(PartClass<Spec, Sequence>& sequence, const char* what) {
  using Bound = HandleOf<Spec, Sequence>;
  const auto at = [](const Sequence& parts, Py_ssize_t index) {
    const auto size = static_cast<Py_ssize_t>(parts.parts.size());
    if (index < 0 || index >= size) throw nanobind::index_error("Index not found");
    return static_cast<size_t>(index);
  };
  sequence->def("__init__", [what](Bound& self, const nanobind::list& parts) {
    Sequence made;
    for (const nanobind::handle part : parts) {
      const auto live = live_of<Spec>(part, what);
      const Spec spec = live->get();
      if (const auto* inner = std::get_if<Sequence>(&spec.value)) {  // sequences in sequences are laid flat
        made.parts.insert(made.parts.end(), inner->parts.begin(), inner->parts.end());
      } else {
        made.parts.push_back(live);
      }
    }
    construct(self, std::move(made));
  });
  sequence->def("__len__", [](const Bound& self) { return self.get().parts.size(); });
  sequence->def("__getitem__", [at](const Bound& self, Py_ssize_t index) {
    const Sequence parts = self.get();
    return handle_of(parts.parts[at(parts, index)]);
  });
  sequence->def("__setitem__", [at, what](Bound& self, Py_ssize_t index, nanobind::handle part) {
    const auto live = live_of<Spec>(part, what);
    const size_t place = at(self.get(), index);
    PartClass<Spec, Sequence>::edit(self, [&](Sequence& parts) { parts.parts[place] = live; });
  });
  sequence->def("__getnewargs__", [](const Bound&) { return nanobind::make_tuple(nanobind::list()); });
}

}  // namespace headrace::python

#include "python/tokenizers/lists.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "python/tokenizers/utf8_texts.h"

namespace nb = nanobind;

namespace headrace::python {
namespace {

constexpr uint32_t kSharedIds = 1u << 20;      // ids below
constexpr uint32_t kSharedNumbers = 1u << 16;  // other numbers below: what they take stays
constexpr size_t kSharedTokens = 1u << 16;

/// By number; null: not made yet. Only pages of numbers that occur are ever written to.
PyObject** shared_ints() {
  static auto** const ints = static_cast<PyObject**>(std::calloc(kSharedIds, sizeof(PyObject*)));
  if (!ints) throw std::bad_alloc();
  return ints;
}

/// A new reference; raises where there is no memory.
PyObject* new_int(uint32_t number) {
  PyObject* const made = PyLong_FromUnsignedLong(number);
  if (!made) throw nb::python_error();
  return made;
}

/// A new reference to the one object of a number that is less than kSharedIds.
PyObject* shared_int(uint32_t number, PyObject** ints) {
  if (!ints[number]) ints[number] = new_int(number);
  Py_INCREF(ints[number]);
  return ints[number];
}

/// A list that is filled from the beginning. PERF: no element is looked at by the garbage collector meanwhile, for there are
/// only numbers, strings and pairs of numbers.
class ListMaker {
 public:
  explicit ListMaker(size_t size) : list_(nb::steal(PyList_New(static_cast<Py_ssize_t>(size)))) {
    if (!list_.is_valid()) throw nb::python_error();
    collects_ = PyGC_Disable() != 0;
  }
  ~ListMaker() {
    if (collects_) PyGC_Enable();
  }
  ListMaker(const ListMaker&) = delete;
  ListMaker& operator=(const ListMaker&) = delete;

  /// Takes the reference.
  void add(PyObject* element) { PyList_SET_ITEM(list_.ptr(), next_++, element); }
  nb::list list() { return nb::borrow<nb::list>(list_); }

 private:
  nb::object list_;
  Py_ssize_t next_ = 0;
  bool collects_ = false;
};

/// Numbers in order, as objects: below kSharedNumbers the shared ones; of others the last one is used again if it comes again.
class Numbers {
 public:
  ~Numbers() { Py_XDECREF(last_); }

  PyObject* of(uint32_t number) {
    if (number < kSharedNumbers) return shared_int(number, ints_);
    if (!last_ || number != last_number_) {
      Py_XDECREF(last_);
      last_ = nullptr;
      last_ = new_int(number);
      last_number_ = number;
    }
    Py_INCREF(last_);
    return last_;
  }

 private:
  PyObject** const ints_ = shared_ints();
  PyObject* last_ = nullptr;
  uint32_t last_number_ = 0;
};

PyObject* none() {
  Py_INCREF(Py_None);
  return Py_None;
}

bool is_spelled(PyObject* token, const std::string& spelling) {
  Py_ssize_t size = 0;
  const char* const bytes = PyUnicode_AsUTF8AndSize(token, &size);
  return bytes && static_cast<size_t>(size) == spelling.size() && std::memcmp(bytes, spelling.data(), spelling.size()) == 0;
}

}  // namespace

nb::list list_of_ids(std::span<const uint32_t> ids) {
  PyObject** const ints = shared_ints();
  ListMaker list(ids.size());
  for (const uint32_t id : ids) list.add(id < kSharedIds ? shared_int(id, ints) : new_int(id));
  return list.list();
}

nb::list list_of_numbers(std::span<const uint32_t> numbers) {
  ListMaker list(numbers.size());
  Numbers objects;
  for (const uint32_t number : numbers) list.add(objects.of(number));
  return list.list();
}

nb::list list_of_numbers_or_none(std::span<const uint32_t> numbers, uint32_t no_number) {
  ListMaker list(numbers.size());
  Numbers objects;
  for (const uint32_t number : numbers) list.add(number == no_number ? none() : objects.of(number));
  return list.list();
}

nb::list list_of_numbers_or_none(std::span<const std::optional<uint32_t>> numbers) {
  ListMaker list(numbers.size());
  Numbers objects;
  for (const std::optional<uint32_t>& number : numbers) list.add(number ? objects.of(*number) : none());
  return list.list();
}

nb::list list_of_offsets(std::span<const text::Offset> offsets) {
  ListMaker list(offsets.size());
  Numbers objects;
  for (const text::Offset& offset : offsets) {
    PyObject* const pair = PyTuple_New(2);
    if (!pair) throw nb::python_error();
    list.add(pair);
    PyTuple_SET_ITEM(pair, 0, objects.of(offset.begin));
    PyTuple_SET_ITEM(pair, 1, objects.of(offset.end));
    PyObject_GC_UnTrack(pair);  // the collector would find out itself that numbers hold nothing
  }
  return list.list();
}

nb::list list_of_tokens(std::span<const std::string> tokens, std::span<const uint32_t> ids) {
  static auto** const shared = static_cast<PyObject**>(std::calloc(kSharedTokens, sizeof(PyObject*)));
  if (!shared) throw std::bad_alloc();
  ListMaker list(tokens.size());
  for (size_t i = 0; i < tokens.size(); ++i) {
    PyObject*& known = shared[(i < ids.size() ? ids[i] : 0) % kSharedTokens];
    if (!known || !is_spelled(known, tokens[i])) {
      PyObject* const made = str_of(tokens[i]).release().ptr();
      Py_XSETREF(known, made);
    }
    Py_INCREF(known);
    list.add(known);
  }
  return list.list();
}

}  // namespace headrace::python

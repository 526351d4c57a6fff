#include "python/tokenizers/utf8_texts.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "python/errors.h"
#include "text/utf8.h"

namespace nb = nanobind;

namespace headrace::python {
namespace {

constexpr size_t kAtOnce = 16;

/// PERF: loops over so many units without a branch inside, which the compiler makes vectors of.
template <class Unit>
bool is_ascii(const Unit* units) {
  uint32_t all = 0;
  for (size_t i = 0; i < kAtOnce; ++i) all |= units[i];
  return all < 0x80;
}

/// Writes the UTF-8 of code points and returns its end; null: there is a surrogate.
template <class Unit>
char* append_all(const Unit* units, size_t count, char* out) {
  for (size_t at = 0; at < count;) {
    while (at + kAtOnce <= count && is_ascii(units + at)) {
      for (size_t i = 0; i < kAtOnce; ++i) out[i] = static_cast<char>(units[at + i]);
      at += kAtOnce;
      out += kAtOnce;
    }
    for (const size_t end = std::min(at + kAtOnce, count); at < end; ++at) {
      const uint32_t c = units[at];
      if (c >= 0xD800 && c < 0xE000) return nullptr;
      out = text::utf8::write(c, out);
    }
  }
  return out;
}

/// Reads the code points of UTF-8, none of which is greater than a Unit can be. False: it is not valid.
template <class Unit>
bool read_all(std::string_view text, Unit* units) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = bytes + text.size();
  while (bytes < end) {
    while (end - bytes >= static_cast<ptrdiff_t>(kAtOnce) && is_ascii(bytes)) {
      for (size_t i = 0; i < kAtOnce; ++i) units[i] = bytes[i];
      bytes += kAtOnce;
      units += kAtOnce;
    }
    const uint8_t* const stop = bytes + std::min<ptrdiff_t>(end - bytes, kAtOnce);
    while (bytes < stop) {
      const uint32_t lead = *bytes;
      const ptrdiff_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
      if (length == 0 || length > end - bytes) return false;
      uint32_t c = length == 1 ? lead : lead & (0x7Fu >> length);
      uint32_t continues = 0x80;
      for (ptrdiff_t i = 1; i < length; ++i) {
        continues |= (bytes[i] & 0xC0) ^ 0x80;
        c = c << 6 | (bytes[i] & 0x3F);
      }
      const bool too_long = (length == 3 && c < 0x800) || (length == 4 && c < 0x10000);
      if (continues != 0x80 || too_long || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return false;
      *units++ = static_cast<Unit>(c);
      bytes += length;
    }
  }
  return true;
}

}  // namespace

nb::object str_of(std::string_view text) {
  constexpr size_t kStretch = 64;
  uint8_t greatest = 0;
  size_t count = 0;
  // PERF: stretches of a fixed size, which the compiler makes vectors of.
  const auto look = [&](const char* bytes, size_t size) {
    uint8_t most = 0, leads = 0;
    for (size_t i = 0; i < size; ++i) {
      const auto byte = static_cast<uint8_t>(bytes[i]);
      most = std::max(most, byte);
      leads = static_cast<uint8_t>(leads + ((byte & 0xC0) != 0x80));
    }
    greatest = std::max(greatest, most);
    count += leads;
  };
  size_t at = 0;
  for (; at + kStretch <= text.size(); at += kStretch) look(text.data() + at, kStretch);
  look(text.data() + at, text.size() - at);
  // The greatest lead byte says how wide the widest character is.
  const Py_UCS4 widest = greatest < 0x80 ? 0x7F : greatest < 0xC4 ? 0xFF : greatest < 0xF0 ? 0xFFFF : 0x10FFFF;
  nb::object result = nb::steal(PyUnicode_New(static_cast<Py_ssize_t>(count), widest));
  if (!result.is_valid()) throw nb::python_error();
  const bool valid = widest <= 0xFF     ? read_all(text, PyUnicode_1BYTE_DATA(result.ptr()))
                     : widest <= 0xFFFF ? read_all(text, PyUnicode_2BYTE_DATA(result.ptr()))
                                        : read_all(text, PyUnicode_4BYTE_DATA(result.ptr()));
  if (valid) return result;
  result = nb::steal(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr));  // raises
  if (!result.is_valid()) throw nb::python_error();
  return result;
}

/// PERF: from a megabyte up in large pages, whose first touch costs less.
Utf8Texts::Block::Block(size_t size) : size(size) {
  constexpr size_t kLarge = size_t{1} << 20, kMapped = size_t{4} << 20;
  if (size == 0) return;
  if (size < kLarge) {
    small = std::make_unique_for_overwrite<char[]>(size);
    bytes = small.get();
    return;
  }
  this->size = std::max(size, kMapped);  // from there on Buffer has large pages
  large = value_or_raise(Buffer::allocate(this->size));
  bytes = large.as<char>();
}

/// PERF: what the last call of this thread wrote to is written to again: new pages would cost as much as all of the copying.
struct SpareBlock {
  static constexpr size_t kMost = size_t{16} << 20;
  Utf8Texts::Block block;
};

namespace {
thread_local SpareBlock spare;
}  // namespace

Utf8Texts::~Utf8Texts() {
  // The last one is the largest.
  if (blocks_.empty() || blocks_.back().size <= spare.block.size || blocks_.back().size > SpareBlock::kMost) return;
  spare.block = std::move(blocks_.back());
  spare.block.used = 0;
}

char* Utf8Texts::room_for(size_t bytes) {
  constexpr size_t kBlock = size_t{256} << 10;
  if (blocks_.empty() || blocks_.back().size - blocks_.back().used < bytes) {
    if (blocks_.empty() && spare.block.size >= bytes) {
      blocks_.push_back(std::exchange(spare.block, Block()));
    } else {
      // A batch of many texts gets larger and larger ones.
      blocks_.emplace_back(std::max({bytes, kBlock, blocks_.empty() ? 0 : std::min(2 * blocks_.back().size, SpareBlock::kMost)}));
    }
  }
  return blocks_.back().bytes + blocks_.back().used;
}

std::string_view Utf8Texts::of(nb::handle string) {
  PyObject* const object = string.ptr();
  if (PyUnicode_READY(object) < 0) return {};
  const auto count = static_cast<size_t>(PyUnicode_GET_LENGTH(object));
  if (PyUnicode_IS_ASCII(object)) return {static_cast<const char*>(PyUnicode_DATA(object)), count};
  char* end = nullptr;
  char* begin = nullptr;
  if (PyUnicode_KIND(object) == PyUnicode_1BYTE_KIND) {
    begin = room_for(2 * count);
    end = append_all(PyUnicode_1BYTE_DATA(object), count, begin);
  } else if (PyUnicode_KIND(object) == PyUnicode_2BYTE_KIND) {
    begin = room_for(3 * count);
    end = append_all(PyUnicode_2BYTE_DATA(object), count, begin);
  } else {
    begin = room_for(4 * count);
    end = append_all(PyUnicode_4BYTE_DATA(object), count, begin);
  }
  if (!end) {
    Py_ssize_t size = 0;
    PyUnicode_AsUTF8AndSize(object, &size);  // sets the error
    return {};
  }
  blocks_.back().used += static_cast<size_t>(end - begin);
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace headrace::python

#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <string_view>
#include <utility>

#include "python/errors.h"
#include "python/tokenizers/utf8_texts.h"
#include "text/pipeline.h"

namespace headrace::python {

/// What Python knows as Encoding. Of a text's there may be only the ids at first: tokens, offsets, words and masks are
/// made when one of them is asked for, which is never for most.
class PyEncoding {
 public:
  PyEncoding() = default;
  explicit PyEncoding(text::Encoding whole) : whole_(std::move(whole)) {}
  /// `text` is the `str` that was encoded.
  PyEncoding(text::DeferredEncoding deferred, nanobind::object text) : deferred_(std::move(deferred)), text_(std::move(text)) {}

  const std::vector<text::TokenId>& ids() const { return deferred_ ? deferred_->ids : whole_.ids; }
  const text::Encoding& all() const {
    if (deferred_) make();
    return whole_;
  }
  text::Encoding& all() { return const_cast<text::Encoding&>(std::as_const(*this).all()); }

 private:
  void make() const {
    Utf8Texts texts;
    const nanobind::object text = text_;  // another thread may be faster, and let go of it
    const std::string_view view = texts.of(text);
    const auto rest = deferred_->rest;
    text::Encoding whole;
    {
      const nanobind::gil_scoped_release released;
      whole = value_or_raise(rest(view));
    }
    if (!deferred_) return;
    whole_ = std::move(whole);
    deferred_.reset();
    text_.reset();
  }

  mutable std::optional<text::DeferredEncoding> deferred_;
  mutable nanobind::object text_;
  mutable text::Encoding whole_;
};

}  // namespace headrace::python

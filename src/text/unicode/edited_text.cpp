#include "text/unicode/edited_text.h"

#include <algorithm>

#include "text/unicode/utf8.h"

namespace headrace::text {

uint32_t EditedText::original_position(uint32_t position) const {
  if (!edited_) return position;
  const auto after = std::upper_bound(anchors_.begin(), anchors_.end(), position,
                                      [](uint32_t p, const Anchor& anchor) { return p < anchor.here; });
  const Anchor& anchor = *std::prev(after);
  return anchor.original + (position - anchor.here);
}

void EditedText::begin_edit(std::string_view source, size_t unchanged) {
  next_copy_.assign(source.substr(0, unchanged));
  next_anchors_.clear();
  next_anchors_.push_back({0, original_position(0)});
  for (const Anchor& anchor : anchors_) {
    if (anchor.here > 0 && anchor.here < unchanged) next_anchors_.push_back(anchor);
  }
}

void EditedText::append(std::string_view bytes, size_t original_position) {
  next_anchors_.push_back({static_cast<uint32_t>(next_copy_.size()), static_cast<uint32_t>(original_position)});
  next_copy_ += bytes;
}

void EditedText::finish_edit() {
  copy_.swap(next_copy_);
  anchors_.swap(next_anchors_);
  next_copy_ = {};
  edited_ = true;
}

void EditedText::repair_utf8() {
  const std::string_view source = text();
  size_t at = utf8::valid_prefix(source);
  if (at == source.size()) return;
  begin_edit(source, at);
  while (at < source.size()) {
    append(utf8::kReplacement, original_position(at));
    at += utf8::examine(source.substr(at)).length;
    const size_t valid = utf8::valid_prefix(source.substr(at));
    if (valid > 0) append(source.substr(at, valid), original_position(at));
    at += valid;
  }
  append({}, original_position(source.size()));
  finish_edit();
}

void EditedText::remove_extra_spaces() {
  const std::string source(text());
  if (!source.starts_with(' ') && !source.ends_with(' ') && source.find("  ") == std::string::npos) return;
  begin_edit(source, 0);
  size_t at = source.find_first_not_of(' '), last_end = 0;
  while (at < source.size()) {
    const size_t end = std::min(source.find(' ', at), source.size());
    const size_t next = std::min(source.find_first_not_of(' ', end), source.size());
    // The one space that stays is the first of its run.
    const size_t kept = next < source.size() ? end + 1 : end;
    for (size_t from = at; from < kept;) {  // earlier edits keep their anchors
      size_t to = kept;
      if (edited_) {
        const auto later = std::upper_bound(anchors_.begin(), anchors_.end(), from,
                                            [](size_t p, const Anchor& anchor) { return p < anchor.here; });
        if (later != anchors_.end()) to = std::min<size_t>(kept, later->here);
      }
      append(std::string_view(source).substr(from, to - from), original_position(from));
      from = to;
    }
    last_end = kept;
    at = next;
  }
  append({}, original_position(last_end));
  finish_edit();
}

}  // namespace headrace::text

#include "frame/functions/like.h"

#include "text/utf8.h"

namespace headrace::frame {

Like::Like(std::string_view pattern) : segments_{{{}}} {
  for (size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '%') {
      segments_.push_back({{}});
      continue;
    }
    Segment& segment = segments_.back();
    if (c == '_') {
      if (!segment.back().bytes.empty()) segment.emplace_back();
      ++segment.back().any;
      continue;
    }
    const bool escapes = c == '\\' && i + 1 < pattern.size() && std::string_view("%_\\").find(pattern[i + 1]) != std::string_view::npos;
    if (escapes) c = pattern[++i];
    segment.back().bytes += c;
  }
}

size_t Like::end_of(const Segment& segment, std::string_view text, size_t at) {
  for (const Piece& piece : segment) {
    for (size_t i = 0; i < piece.any; ++i) {
      if (at >= text.size()) return text.npos;
      at += headrace::text::utf8::length_by_lead(text[at]);
    }
    if (!text.substr(at).starts_with(piece.bytes)) return text.npos;
    at += piece.bytes.size();
  }
  return at;
}

bool Like::matches(std::string_view text) const {
  size_t at = end_of(segments_.front(), text, 0);
  if (at == text.npos) return false;
  if (segments_.size() == 1) return at == text.size();
  const auto next = [&](size_t place) { return place + headrace::text::utf8::length_by_lead(text[place]); };
  // Each in the middle where it fits first: what is left for those behind it is then longest.
  for (size_t i = 1; i + 1 < segments_.size(); ++i) {
    const Segment& segment = segments_[i];
    size_t end = text.npos;
    while (true) {
      if (segment.front().any == 0) at = text.find(segment.front().bytes, at);
      if (at == text.npos) return false;
      end = end_of(segment, text, at);
      if (end != text.npos) break;
      if (at >= text.size()) return false;
      at = next(at);
    }
    at = end;
  }
  // The last one must end where the text does.
  const Segment& last = segments_.back();
  if (last.size() == 1 && last.front().any == 0) return text.substr(at).ends_with(last.front().bytes);
  for (size_t from = at; from <= text.size(); from = from < text.size() ? next(from) : from + 1) {
    if (end_of(last, text, from) == text.size()) return true;
  }
  return false;
}

}  // namespace headrace::frame

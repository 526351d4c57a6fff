#include "text/strings/grapheme.h"

#include "text/strings/reference_unicode.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

using reference_unicode::ClusterClass;

bool is_control(ClusterClass c) {
  return c == ClusterClass::Control || c == ClusterClass::CarriageReturn || c == ClusterClass::LineFeed;
}

/// What the rules need to know of the characters that a cluster has so far.
class ClusterState {
 public:
  explicit ClusterState(char32_t first) { add(first); }

  /// Whether the cluster goes on with this character.
  bool joins(char32_t next) const {
    using enum ClusterClass;
    const ClusterClass kind = reference_unicode::cluster_class(next);
    if (last_ == CarriageReturn && kind == LineFeed) return true;                                             // GB3
    if (is_control(last_) || is_control(kind)) return false;                                                  // GB4, 5
    if (last_ == LeadingJamo && (kind == LeadingJamo || kind == VowelJamo || kind == LvSyllable || kind == LvtSyllable)) return true;
    if ((last_ == LvSyllable || last_ == VowelJamo) && (kind == VowelJamo || kind == TrailingJamo)) return true;
    if ((last_ == LvtSyllable || last_ == TrailingJamo) && kind == TrailingJamo) return true;                 // GB6–8
    if (kind == Extend || kind == ZeroWidthJoiner || kind == SpacingMark || last_ == Prepend) return true;    // GB9, a, b
    const uint8_t flags = reference_unicode::flags(next);
    if (linked_ && flags & reference_unicode::kConsonant) return true;                                        // GB9c
    if (pictograph_joined_ && flags & reference_unicode::kPictograph) return true; // GB11
    return last_ == RegionalIndicator && kind == RegionalIndicator && odd_indicators_;                        // GB12
  }

  void add(char32_t next) {
    using enum ClusterClass;
    const uint8_t flags = reference_unicode::flags(next);
    last_ = reference_unicode::cluster_class(next);
    pictograph_joined_ = after_pictograph_ && last_ == ZeroWidthJoiner;
    after_pictograph_ = flags & reference_unicode::kPictograph || (after_pictograph_ && last_ == Extend);
    odd_indicators_ = last_ == RegionalIndicator && !odd_indicators_;
    if (flags & reference_unicode::kConsonant) {
      after_consonant_ = true;
      linked_ = false;
    } else if (after_consonant_ && flags & reference_unicode::kLinker) {
      linked_ = true;
    } else if (!(flags & (reference_unicode::kConjunctExtend | reference_unicode::kLinker))) {
      after_consonant_ = linked_ = false;
    }
  }

 private:
  ClusterClass last_ = ClusterClass::Any;
  bool after_pictograph_ = false;   // then marks only
  bool pictograph_joined_ = false;  // and last a joiner
  bool odd_indicators_ = false;
  bool after_consonant_ = false;   // then linkers and their like only
  bool linked_ = false;            // and one of them a linker
};

}  // namespace

size_t cluster_end(std::string_view text, size_t at) {
  uint32_t length;
  ClusterState state(utf8::decode(text.data() + at, length));
  for (at += length; at < text.size(); at += length) {
    const char32_t next = utf8::decode(text.data() + at, length);
    if (!state.joins(next)) break;
    state.add(next);
  }
  return at;
}

}  // namespace headrace::text

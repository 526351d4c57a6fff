#pragma once

#include <cstddef>
#include <cstdint>

namespace headrace::text::regex {

/// A property as patterns name it (lower case, without spaces, '-' and '_'), sorted by name.
struct PropertyName {
  const char* name;
  uint32_t begin;   ///< in kPropertyRanges
  uint32_t ranges;  ///< each two numbers of seven bits a byte: the gap before it, its length less one
};

extern const PropertyName kPropertyNames[];
extern const size_t kPropertyNameCount;
extern const uint8_t kPropertyRanges[];

/// Grapheme_Cluster_Break, of Unicode alone: in any order, names as the standard writes them.
extern const PropertyName kGraphemeClasses[];
extern const size_t kGraphemeClassCount;
extern const uint8_t kGraphemeRanges[];

}  // namespace headrace::text::regex

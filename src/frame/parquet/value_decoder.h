#pragma once

#include <memory>
#include <span>
#include <vector>

#include "frame/parquet/leaf.h"

namespace headrace::frame::parquet {

/// Bytes of a value as decoders give it: Boolean 1 (0 or 1), Int32 and Float 4, Int64 and Double 8, Int96 12, bytes of either
/// kind a View.
size_t decoded_bytes(Physical physical);

/// Reads a page's values, nulls not among them. Views point into block 0 if they come from the dictionary, else into
/// the block last given by set_block(): the page's own.
class ValueDecoder {
 public:
  virtual ~ValueDecoder() = default;
  /// The next `count` values into memory of decoded_bytes() each. InvalidData if there are not so many, or a string is none.
  virtual Result<void> read(std::byte* to, size_t count) = 0;
  /// Goes over the next `count` values and reads those of these numbers, which rise.
  virtual Result<void> read_some(std::byte* to, size_t count, std::span<const uint32_t> numbers) = 0;
  virtual void set_block(uint32_t) {}
  /// What views point into where that is not the page itself.
  virtual Buffer own_block() const { return {}; }
};

/// The values that indices of a column chunk's pages mean.
struct Dictionary {
  Buffer bytes;                    ///< the page, which views point into
  std::vector<std::byte> values;   ///< decoded
  size_t size = 0;
};

/// `values`: how many the page has at most. Unsupported or InvalidData says what does not fit.
Result<std::unique_ptr<ValueDecoder>> make_decoder(const Leaf& leaf, Encoding encoding, std::span<const std::byte> page, size_t values,
                                                   const Dictionary* dictionary);

}  // namespace headrace::frame::parquet

#include "frame/csv/field_loops.h"

namespace headrace::frame::csv::fields_portable {
namespace {

class Block {
 public:
  explicit Block(const Dialect& dialect) : dialect_(dialect) {}
  BlockMasks masks(const uint8_t* text) const {
    BlockMasks masks{};
    for (int i = 0; i < 64; ++i) {
      masks.separators |= uint64_t{text[i] == dialect_.separator} << i;
      masks.quotes |= uint64_t{dialect_.is_quote(text[i])} << i;
      masks.ends |= uint64_t{text[i] == dialect_.eol} << i;
      masks.high |= uint64_t{text[i] >= 0x80} << i;
    }
    return masks;
  }

 private:
  Dialect dialect_;
};

}  // namespace

const FieldKernels kKernels{"portable", count_loop<Block>, find_loop<Block>};

}  // namespace headrace::frame::csv::fields_portable

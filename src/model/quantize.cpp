#include "model/quantize.h"

#include <fmt/format.h>

namespace headrace::model {

const char* name(Quantize quantize) {
  switch (quantize) {
    case Quantize::Nothing: return "nothing";
    case Quantize::Q8: return "q8";
    case Quantize::Q4: return "q4";
  }
  return "unknown";
}

Result<Quantize> parse_quantize(std::string_view text) {
  for (const Quantize quantize : {Quantize::Q8, Quantize::Q4}) {
    if (text == name(quantize)) return quantize;
  }
  return fail(ErrorKind::InvalidArgument, fmt::format("weights cannot be quantised to \"{}\"; choose q8 or q4", text));
}

}  // namespace headrace::model

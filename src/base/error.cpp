#include "base/error.h"

namespace headrace {

const char* name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidArgument: return "invalid_argument";
    case ErrorKind::InvalidData: return "invalid_data";
    case ErrorKind::NotFound: return "not_found";
    case ErrorKind::Unsupported: return "unsupported";
    case ErrorKind::OutOfMemory: return "out_of_memory";
    case ErrorKind::OutOfRange: return "out_of_range";
    case ErrorKind::Busy: return "busy";
    case ErrorKind::Cancelled: return "cancelled";
    case ErrorKind::Io: return "io";
    case ErrorKind::Internal: return "internal";
  }
  return "internal";
}

}  // namespace headrace

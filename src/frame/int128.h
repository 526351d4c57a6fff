#pragma once

namespace headrace::frame {

/// The whole numbers of decimals beyond 18 digits.
__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

}  // namespace headrace::frame

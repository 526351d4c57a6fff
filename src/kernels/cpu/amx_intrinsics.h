#pragma once

// AMX by the compiler, or by an emulation where the tests build this tier for a CPU without it.
// HEADRACE_EMULATE_AMX is the header of that emulation.
#ifdef HEADRACE_EMULATE_AMX
#include HEADRACE_EMULATE_AMX
#else
#include <immintrin.h>
#endif

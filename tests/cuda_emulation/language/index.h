#pragma once

#include <vector_types.h>

#include "location.h"

/// The running thread's place: plain variables, set at each switch between threads.
FORJA_EMULATION_HIDDEN extern uint3 threadIdx;
FORJA_EMULATION_HIDDEN extern uint3 blockIdx;
FORJA_EMULATION_HIDDEN extern dim3 blockDim;
FORJA_EMULATION_HIDDEN extern dim3 gridDim;

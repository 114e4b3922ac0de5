#pragma once

#include <cublas_v2.h>

#include "../engine/library_call.h"
#include "../engine/state.h"
#include "../engine/streams.h"

namespace forja::emulation {

/// What a call of cuBLAS that is made to fail, or follows a fault, returns.
cublasStatus_t status_of(cudaError_t refusal);

}  // namespace forja::emulation

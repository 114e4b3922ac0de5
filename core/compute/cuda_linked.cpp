// The CUDA backend as a part of a static libforja.

#include "compute/backend.h"

extern "C" const forja::compute::Backend* forja_backend(std::uint32_t abi);

namespace forja::compute {

const Backend* cuda_backend() { return forja_backend(kBackendAbi); }

}  // namespace forja::compute

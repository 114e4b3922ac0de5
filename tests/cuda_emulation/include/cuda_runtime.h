#pragma once
#pragma GCC system_header  // #include_next is an extension

/// Stands before the toolkit's header of this name. Takes the real declarations, whose host part is plain C++, and adds
/// the device language. The real launch templates erase the kernel's type, so they are hidden.

#define cudaLaunchKernelEx forja_hidden_cudaLaunchKernelEx
#define cudaLaunchKernel forja_hidden_cudaLaunchKernel
#include_next <cuda_runtime.h>
#undef cudaLaunchKernelEx
#undef cudaLaunchKernel

#undef __launch_bounds__
#define __launch_bounds__(...)

#include "../language/atomics.h"
#include "../language/collectives.h"
#include "../language/index.h"
#include "../language/intrinsics.h"
#include "../language/launch.h"
#include "../language/shared_memory.h"

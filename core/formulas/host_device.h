#pragma once

/// The one macro that lets a scalar formula serve host and device code.
#if defined(__CUDACC__)
#define FORJA_HD __host__ __device__
#else
#define FORJA_HD
#endif

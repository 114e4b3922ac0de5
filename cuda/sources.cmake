# Everything that makes the CUDA backend, relative to this folder: nvcc builds it, and the tests' emulation does.
set(FORJA_CUDA_SOURCES
  runtime/check.cpp
  runtime/context.cpp
  runtime/memory_pool.cpp
)

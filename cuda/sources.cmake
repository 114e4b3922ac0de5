# Everything that makes the CUDA backend, relative to this folder: nvcc builds it, and the tests' emulation does.
set(FORJA_CUDA_SOURCES
  cuda_backend.cpp
  kmeans/bounds.cu
  kmeans/centers.cu
  kmeans/farthest.cu
  kmeans/kmeans_compute.cu
  kmeans/kmeans_predictor.cu
  kmeans/mini_batch.cu
  kmeans/seeding.cu
  kmeans/silhouette.cu
  kmeans/training_rows.cu
  runtime/check.cpp
  runtime/context.cpp
  runtime/memory_pool.cpp
  runtime/row_stream.cpp
)

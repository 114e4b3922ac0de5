#include "runtime/context.h"

#include "runtime/blas.h"
#include "runtime/check.h"
#include "runtime/memory_pool.h"
#include "runtime/solver.h"

namespace forja::cuda {

namespace {

int attribute(cudaDeviceAttr which, int device) {
  int value = 0;
  FORJA_CUDA_CHECK(cudaDeviceGetAttribute(&value, which, device));
  return value;
}

cudaStream_t make_stream(int device) {
  const DeviceScope scope(device);
  cudaStream_t stream = nullptr;
  FORJA_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  return stream;
}

void drop_stream(cudaStream_t stream) noexcept {
  (void)cudaStreamSynchronize(stream);
  (void)cudaStreamDestroy(stream);
  (void)cudaGetLastError();
}

}  // namespace

DeviceScope::DeviceScope(int device) {
  int current = 0;
  FORJA_CUDA_CHECK(cudaGetDevice(&current));
  if (current == device) return;
  FORJA_CUDA_CHECK(cudaSetDevice(device));
  previous_ = current;
}

DeviceScope::~DeviceScope() {
  if (previous_ >= 0 && cudaSetDevice(previous_) != cudaSuccess) (void)cudaGetLastError();
}

int device_count() noexcept {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  (void)cudaGetLastError();
  return 0;
}

std::string device_name(int device) {
  cudaDeviceProp properties{};
  FORJA_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
  return properties.name;
}

DeviceMemory memory(int device) { return MemoryPool::of(device).memory(); }

void set_memory_limit(int device, std::int64_t bytes) { MemoryPool::of(device).set_limit(bytes); }

Context::Context(int device)
    : device_(device),
      multiprocessors_(attribute(cudaDevAttrMultiProcessorCount, device)),
      shared_memory_optin_(static_cast<std::size_t>(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, device))) {
  stream_ = make_stream(device);
}

Context::~Context() {
  blas_.reset();
  solver_.reset();
  drop_stream(stream_);
}

void Context::synchronize() const { FORJA_CUDA_CHECK(cudaStreamSynchronize(stream_)); }

const BlasHandle& Context::blas() const {
  const std::lock_guard lock(libraries_);
  if (!blas_) blas_ = std::make_unique<BlasHandle>(*this);
  return *blas_;
}

const SolverHandle& Context::solver() const {
  const std::lock_guard lock(libraries_);
  if (!solver_) solver_ = std::make_unique<SolverHandle>(*this);
  return *solver_;
}

void* Context::allocate(std::int64_t bytes) const { return MemoryPool::of(device_).allocate(bytes, stream_); }

void Context::release(void* memory, std::int64_t bytes) const noexcept {
  if (memory != nullptr) MemoryPool::of(device_).release(memory, bytes, stream_);
}

Stream::Stream(const Context& context) : stream_(make_stream(context.device())) {}

Stream::~Stream() { drop_stream(stream_); }

void Stream::synchronize() const { FORJA_CUDA_CHECK(cudaStreamSynchronize(stream_)); }

}  // namespace forja::cuda

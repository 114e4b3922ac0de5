#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>
#include <tuple>
#include <utility>

#include "location.h"

namespace forja::emulation {

/// A kernel with its arguments, to be run once per thread.
class KernelCall {
 public:
  virtual ~KernelCall() = default;
  virtual void run() const = 0;
  /// Where the arguments lie. Compilers may turn the copying of a large one into a call that is checked.
  virtual const void* arguments() const = 0;
  virtual std::size_t argument_bytes() const = 0;
};

template <class... P>
class BoundKernel final : public KernelCall {
 public:
  explicit BoundKernel(void (*kernel)(P...), P... arguments) : kernel_(kernel), arguments_(arguments...) {}

  FORJA_EMULATION_GLUE void run() const override { run_with(std::index_sequence_for<P...>{}); }
  const void* arguments() const override { return &arguments_; }
  std::size_t argument_bytes() const override { return sizeof arguments_; }

 private:
  template <std::size_t... I>
  FORJA_EMULATION_GLUE void run_with(std::index_sequence<I...>) const {
    kernel_(std::get<I>(arguments_)...);
  }

  void (*kernel_)(P...);
  std::tuple<P...> arguments_;
};

FORJA_EMULATION_HIDDEN cudaError_t enqueue_kernel(const cudaLaunchConfig_t& config, const void* kernel,
                                                  std::shared_ptr<const KernelCall> call);

template <class... P>
const void* address_of(void (*kernel)(P...)) {
  return reinterpret_cast<const void*>(kernel);
}

}  // namespace forja::emulation

/// The templates that NVIDIA's header has for nvcc only.
template <class... P, class... A>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(P...), A&&... arguments) {
  return forja::emulation::enqueue_kernel(
      *config, forja::emulation::address_of(kernel),
      std::make_shared<const forja::emulation::BoundKernel<P...>>(kernel, std::forward<A>(arguments)...));
}

template <class... P>
cudaError_t cudaFuncSetAttribute(void (*kernel)(P...), cudaFuncAttribute attribute, int value) {
  return ::cudaFuncSetAttribute(forja::emulation::address_of(kernel), attribute, value);
}

template <class... P>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, void (*kernel)(P...)) {
  return ::cudaFuncGetAttributes(attributes, forja::emulation::address_of(kernel));
}

template <class... P>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void (*kernel)(P...), int block,
                                                          std::size_t shared_bytes) {
  return ::cudaOccupancyMaxActiveBlocksPerMultiprocessor(blocks, forja::emulation::address_of(kernel), block,
                                                         shared_bytes);
}

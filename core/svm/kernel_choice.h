#pragma once

#include <cstdint>
#include <string_view>

#include "compute/svm_compute.h"
#include "forja/device.h"
#include "forja/svm.h"

namespace forja::core {

/// A kernel and its parameters, gamma resolved.
struct KernelChoice {
  SVMKernel kind = SVMKernel::rbf;
  double gamma = 1;
  double coef0 = 0;
  std::int64_t degree = 3;

  template <class T>
  formulas::KernelFunction<T> function() const {
    return {static_cast<formulas::KernelKind>(kind), static_cast<T>(gamma), static_cast<T>(coef0),
            static_cast<std::int32_t>(degree)};
  }
};

/// gamma of these rows, a number above 0.
template <class T>
double gamma_of(const KernelGamma& gamma, const Rows<T>& x);

/// What the options of every kernel machine say of its kernel. Throws InvalidArgument where x does not hold the kernel
/// that it should.
template <class T, class Options>
KernelChoice kernel_choice(std::string_view call, const Options& options, const Rows<T>& x);

/// How a fit works, by the options of any kernel machine.
template <class Options>
compute::SvmPlan svm_plan(const Options& options) {
  constexpr double kMegabyte = 1 << 20;
  constexpr double kMost = 1e18;
  const double bytes = options.cache_size * kMegabyte;
  return {options.tol, static_cast<std::int64_t>(bytes < kMost ? bytes : kMost), options.shrinking};
}

}  // namespace forja::core

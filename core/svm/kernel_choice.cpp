#include "svm/kernel_choice.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "compute/backend.h"
#include "estimator/host_rows.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "forja/kernel_approximation.h"

namespace forja::core {
namespace {

/// Sum over all entries of f(entry), row by row in double and then over rows: the same bits for any threads.
template <class T, class F>
double sum_entries(MatrixView<const T> x, const F& f) {
  std::vector<double> sums(static_cast<std::size_t>(x.rows()));
  const std::int64_t rows = x.rows();
#pragma omp parallel for schedule(static) if (x.rows() * x.columns() > 100'000)
  for (std::int64_t i = 0; i < rows; ++i) {
    double sum = 0;
    for (const T value : x.row(i)) sum += f(static_cast<double>(value));
    sums[static_cast<std::size_t>(i)] = sum;
  }
  double all = 0;
  for (const double sum : sums) all += sum;
  return all;
}

void check_finite(std::string_view call, const char* name, double value) {
  if (!std::isfinite(value)) throw InvalidArgument(fmt::format("{}: {} = {} but it must be finite", call, name, value));
}

template <class T>
Matrix<T> kernel_values(std::string_view call, const KernelChoice& kernel, const Rows<T>& a, const Rows<T>& b,
                        const Device& device) {
  check_rows(call, a, device);
  check_rows(call, b, device);
  check_columns(call, b.columns(), a.columns());
  check_finite(call, "gamma", kernel.gamma);
  check_finite(call, "coef0", kernel.coef0);
  if (kernel.degree < 0)
    throw InvalidArgument(fmt::format("{}: degree = {} but it must be at least 0", call, kernel.degree));
  Matrix<T> out(a.rows(), b.rows());
  families<T>(device).kernel_matrix(place(device), kernel.function<T>(), a, b, out.view());
  return out;
}

template <class T>
double gamma_or(std::optional<double> gamma, const Rows<T>& x) {
  return gamma ? *gamma : 1 / static_cast<double>(std::max<std::int64_t>(x.columns(), 1));
}

}  // namespace

template <class T>
double gamma_of(const KernelGamma& gamma, const Rows<T>& x) {
  if (gamma.rule == KernelGamma::Rule::value) return gamma.number;
  const auto d = static_cast<double>(x.columns());
  if (gamma.rule == KernelGamma::Rule::automatic) return 1 / d;
  const HostRows<T> rows(x);
  const double entries = d * static_cast<double>(x.rows());
  const double mean = sum_entries(rows.view(), [](double value) { return value; }) / entries;
  const double variance =
      sum_entries(rows.view(), [mean](double value) { return (value - mean) * (value - mean); }) / entries;
  return variance > 0 ? 1 / (d * variance) : 1;
}

template <class T, class Options>
KernelChoice kernel_choice(std::string_view call, const Options& options, const Rows<T>& x) {
  if (options.kernel == SVMKernel::precomputed && x.rows() != x.columns()) {
    throw InvalidArgument(
        fmt::format("{}: kernel = \"precomputed\" needs a square x, but it is {} x {}", call, x.rows(), x.columns()));
  }
  const bool unused = options.kernel == SVMKernel::linear || options.kernel == SVMKernel::precomputed;
  return {options.kernel, unused ? 1 : gamma_of(options.gamma, x), options.coef0, options.degree};
}

#define FORJA_INSTANTIATE(T)                                                                        \
  template double gamma_of(const KernelGamma&, const Rows<T>&);                                     \
  template KernelChoice kernel_choice(std::string_view, const SVCOptions&, const Rows<T>&);         \
  template KernelChoice kernel_choice(std::string_view, const NuSVCOptions&, const Rows<T>&);       \
  template KernelChoice kernel_choice(std::string_view, const SVROptions&, const Rows<T>&);         \
  template KernelChoice kernel_choice(std::string_view, const NuSVROptions&, const Rows<T>&);       \
  template KernelChoice kernel_choice(std::string_view, const OneClassSVMOptions&, const Rows<T>&); \
  template KernelChoice kernel_choice(std::string_view, const NystroemOptions&, const Rows<T>&);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core

namespace forja {

template <class T>
Matrix<T> linear_kernel(const Rows<T>& a, const Rows<T>& b, Device device) {
  return core::kernel_values("linear_kernel", {SVMKernel::linear}, a, b, device);
}

template <class T>
Matrix<T> polynomial_kernel(const Rows<T>& a, const Rows<T>& b, std::int64_t degree, std::optional<double> gamma,
                            double coef0, Device device) {
  return core::kernel_values("polynomial_kernel", {SVMKernel::poly, core::gamma_or(gamma, a), coef0, degree}, a, b,
                             device);
}

template <class T>
Matrix<T> rbf_kernel(const Rows<T>& a, const Rows<T>& b, std::optional<double> gamma, Device device) {
  return core::kernel_values("rbf_kernel", {SVMKernel::rbf, core::gamma_or(gamma, a)}, a, b, device);
}

template <class T>
Matrix<T> sigmoid_kernel(const Rows<T>& a, const Rows<T>& b, std::optional<double> gamma, double coef0, Device device) {
  return core::kernel_values("sigmoid_kernel", {SVMKernel::sigmoid, core::gamma_or(gamma, a), coef0}, a, b, device);
}

#define FORJA_INSTANTIATE(T)                                                                                        \
  template Matrix<T> linear_kernel(const Rows<T>&, const Rows<T>&, Device);                                         \
  template Matrix<T> polynomial_kernel(const Rows<T>&, const Rows<T>&, std::int64_t, std::optional<double>, double, \
                                       Device);                                                                     \
  template Matrix<T> rbf_kernel(const Rows<T>&, const Rows<T>&, std::optional<double>, Device);                     \
  template Matrix<T> sigmoid_kernel(const Rows<T>&, const Rows<T>&, std::optional<double>, double, Device);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja

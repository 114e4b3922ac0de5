#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "compute/svm_compute.h"
#include "support/linear_reference.h"

/// Kernel machines by the definitions, in double.
namespace forja::testing {

/// Numbers from -1 to 1.
template <class T>
Matrix<T> svm_rows(std::int64_t n, std::int64_t d, std::uint64_t seed, double offset = 0) {
  Matrix<T> x(n, d);
  for (std::int64_t k = 0; k < n * d; ++k) {
    x.values()[static_cast<std::size_t>(k)] = static_cast<T>(offset + 2 * uniform(seed, k) - 1);
  }
  return x;
}

template <class T>
double naive_kernel(const formulas::KernelFunction<T>& kernel, std::span<const T> a, std::span<const T> b) {
  double product = 0;
  double distance = 0;
  for (std::size_t j = 0; j < a.size(); ++j) {
    const auto left = static_cast<double>(a[j]);
    const auto right = static_cast<double>(b[j]);
    product += left * right;
    distance += (left - right) * (left - right);
  }
  const auto gamma = static_cast<double>(kernel.gamma);
  const auto coef0 = static_cast<double>(kernel.coef0);
  switch (kernel.kind) {
    case formulas::KernelKind::poly:
      return std::pow(gamma * product + coef0, kernel.degree);
    case formulas::KernelKind::rbf:
      return std::exp(-gamma * distance);
    case formulas::KernelKind::sigmoid:
      return std::tanh(gamma * product + coef0);
    default:
      return product;
  }
}

template <class T>
Matrix<double> naive_kernel_matrix(const formulas::KernelFunction<T>& kernel, const Matrix<T>& a, const Matrix<T>& b) {
  Matrix<double> out(a.rows(), b.rows());
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    for (std::int64_t j = 0; j < b.rows(); ++j) out(i, j) = naive_kernel(kernel, a.row(i), b.row(j));
  }
  return out;
}

/// K b + q, where K is that of all rows.
inline std::vector<double> naive_gradient(const compute::SvmProblem& problem, const Matrix<double>& kernel,
                                          const std::vector<double>& b) {
  std::vector<double> gradient = problem.linear;
  for (std::size_t v = 0; v < b.size(); ++v) {
    for (std::size_t w = 0; w < b.size(); ++w) gradient[v] += kernel(problem.rows[v], problem.rows[w]) * b[w];
  }
  return gradient;
}

inline double naive_objective(const compute::SvmProblem& problem, const Matrix<double>& kernel,
                              const std::vector<double>& b) {
  const std::vector<double> gradient = naive_gradient(problem, kernel, b);
  double sum = 0;
  for (std::size_t v = 0; v < b.size(); ++v) {
    sum += 0.5 * b[v] * (gradient[v] + problem.linear[v]) + problem.epsilon * std::fabs(b[v]);
  }
  return sum;
}

/// Over each group the most by which a way down is above a way up.
inline double naive_violation(const compute::SvmProblem& problem, const std::vector<double>& gradient,
                              const std::vector<double>& b) {
  double violation = 0;
  const auto split = static_cast<std::size_t>(problem.first_group);
  for (const bool second : {false, true}) {
    double up = std::numeric_limits<double>::infinity();
    double down = -up;
    for (std::size_t v = 0; v < b.size(); ++v) {
      if ((split > 0 && v >= split) != second) continue;
      if (b[v] < problem.upper[v]) up = std::min(up, gradient[v] + (b[v] < 0 ? -problem.epsilon : problem.epsilon));
      if (b[v] > problem.lower[v]) down = std::max(down, gradient[v] + (b[v] > 0 ? problem.epsilon : -problem.epsilon));
    }
    violation = std::max(violation, down - up);
  }
  return violation;
}

}  // namespace forja::testing

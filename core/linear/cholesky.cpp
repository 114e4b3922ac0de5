#include "linear/cholesky.h"

#include <algorithm>
#include <cmath>

namespace forja::core {
namespace {

double product_of(const double* a, const double* b, std::int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t k = 0; k < count; ++k) sum += a[k] * b[k];
  return sum;
}

/// The greatest sum of absolute values of a row of a symmetric matrix given by its lower triangle.
double symmetric_norm(const Matrix<double>& a) {
  std::vector<double> sums(static_cast<std::size_t>(a.rows()));
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    for (std::int64_t j = 0; j <= i; ++j) {
      sums[static_cast<std::size_t>(i)] += std::abs(a(i, j));
      if (j < i) sums[static_cast<std::size_t>(j)] += std::abs(a(i, j));
    }
  }
  return sums.empty() ? 0 : *std::max_element(sums.begin(), sums.end());
}

double sum_of_sizes(std::span<const double> x) {
  double sum = 0;
  for (const double value : x) sum += std::abs(value);
  return sum;
}

}  // namespace

std::optional<Cholesky> Cholesky::factor(Matrix<double> a) {
  const double norm = symmetric_norm(a);
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    double* row = a.row(i).data();
    for (std::int64_t j = 0; j < i; ++j) row[j] = (row[j] - product_of(row, a.row(j).data(), j)) / a(j, j);
    const double left = row[i] - product_of(row, row, i);
    if (!(left > 0)) return std::nullopt;
    row[i] = std::sqrt(left);
  }
  return Cholesky(std::move(a), norm);
}

void Cholesky::solve(std::span<double> x) const {
  const std::int64_t n = size();
  for (std::int64_t i = 0; i < n; ++i) {
    const double* row = lower_.row(i).data();
    x[static_cast<std::size_t>(i)] = (x[static_cast<std::size_t>(i)] - product_of(row, x.data(), i)) / row[i];
  }
  for (std::int64_t i = n - 1; i >= 0; --i) {
    const double* row = lower_.row(i).data();
    const double value = x[static_cast<std::size_t>(i)] / row[i];
    x[static_cast<std::size_t>(i)] = value;
    for (std::int64_t j = 0; j < i; ++j) x[static_cast<std::size_t>(j)] -= row[j] * value;
  }
}

// Ascends the convex function x -> ||A^-1 x||_1 over the unit ball from vertex to vertex.
double Cholesky::inverse_norm() const {
  const auto n = static_cast<std::size_t>(size());
  std::vector<double> x(n, 1 / static_cast<double>(n));
  double best = 0;
  std::size_t vertex = n;
  for (int step = 0; step < 5; ++step) {
    solve(x);
    best = std::max(best, sum_of_sizes(x));
    std::vector<double> slope(n);
    for (std::size_t i = 0; i < n; ++i) slope[i] = x[i] < 0 ? -1 : 1;
    solve(slope);
    const auto steepest = static_cast<std::size_t>(
        std::max_element(slope.begin(), slope.end(), [](double a, double b) { return std::abs(a) < std::abs(b); }) -
        slope.begin());
    if (steepest == vertex) break;
    vertex = steepest;
    x.assign(n, 0);
    x[vertex] = 1;
  }
  // A vector of alternating signs finds what the ascent may miss.
  for (std::size_t i = 0; i < n; ++i) {
    const double size = 1 + static_cast<double>(i) / static_cast<double>(std::max<std::size_t>(n - 1, 1));
    x[i] = i % 2 == 0 ? size : -size;
  }
  solve(x);
  return std::max(best, 2 * sum_of_sizes(x) / (3 * static_cast<double>(n)));
}

double Cholesky::condition() const { return size() == 0 ? 1 : std::max(1.0, norm_ * inverse_norm()); }

}  // namespace forja::core

#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "compute/linear_compute.h"
#include "forja/matrix.h"
#include "formulas/counter_random.h"

/// Naive linear algebra over rows, in long double, and data for the tests of linear models.
namespace forja::testing {

/// Rows, targets and weights; the weights may be empty.
template <class T>
struct LinearData {
  Matrix<T> x;
  Matrix<T> y;
  std::vector<T> weight;

  double weight_of(std::int64_t i) const {
    return weight.empty() ? 1.0 : static_cast<double>(weight[static_cast<std::size_t>(i)]);
  }
};

inline double uniform(std::uint64_t seed, std::int64_t place) {
  return formulas::random_uniform(seed, 9, static_cast<std::uint64_t>(place));
}

/// x from -1 to 1 about column means from -3 to 3; each target a combination of the columns and noise of this size.
template <class T>
LinearData<T> linear_data(std::int64_t n, std::int64_t d, std::int64_t t, bool weighted, double noise = 0.5,
                          std::uint64_t seed = 3) {
  LinearData<T> data{Matrix<T>(n, d), Matrix<T>(n, t), {}};
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < d; ++j) {
      data.x(i, j) = static_cast<T>(2 * uniform(seed, i * d + j) - 1 + 6 * uniform(seed + 1, j) - 3);
    }
    for (std::int64_t k = 0; k < t; ++k) {
      double sum = 1.5 + noise * (2 * uniform(seed + 2, i * t + k) - 1);
      for (std::int64_t j = 0; j < d; ++j) {
        sum += (uniform(seed + 3, k * d + j) - 0.4) * static_cast<double>(data.x(i, j));
      }
      data.y(i, k) = static_cast<T>(sum);
    }
    if (weighted) data.weight.push_back(i % 7 == 4 ? T(0) : static_cast<T>(0.1 + 5 * uniform(seed + 4, i)));
  }
  return data;
}

/// z of row i.
template <class T>
std::vector<long double> augmented(const LinearData<T>& data, std::span<const T> shift, std::span<const T> scale,
                                   std::int64_t i) {
  std::vector<long double> z{1};
  for (std::int64_t j = 0; j < data.x.columns() + data.y.columns(); ++j) {
    const long double given = j < data.x.columns() ? data.x(i, j) : data.y(i, j - data.x.columns());
    const auto place = static_cast<std::size_t>(j);
    z.push_back((given - static_cast<long double>(shift[place])) * static_cast<long double>(scale[place]));
  }
  return z;
}

/// Sum of weight z z', and of weight |z z'| where `sizes`.
template <class T>
Matrix<double> reference_gram(const LinearData<T>& data, std::span<const T> shift, std::span<const T> scale,
                              bool sizes = false) {
  const std::int64_t m = 1 + data.x.columns() + data.y.columns();
  std::vector<long double> sums(static_cast<std::size_t>(m * m));
  for (std::int64_t i = 0; i < data.x.rows(); ++i) {
    const std::vector<long double> z = augmented(data, shift, scale, i);
    for (std::int64_t a = 0; a < m; ++a) {
      for (std::int64_t b = 0; b < m; ++b) {
        const long double product = z[static_cast<std::size_t>(a)] * z[static_cast<std::size_t>(b)];
        sums[static_cast<std::size_t>(a * m + b)] +=
            static_cast<long double>(data.weight_of(i)) * (sizes ? std::fabs(product) : product);
      }
    }
  }
  return {m, m, std::vector<double>(sums.begin(), sums.end())};
}

template <class T>
compute::Residuals reference_residuals(const LinearData<T>& data, std::span<const T> shift, std::span<const T> scale,
                                       const Matrix<double>& coef, std::span<const double> offset) {
  const std::int64_t d = data.x.columns();
  const std::int64_t t = data.y.columns();
  compute::Residuals found{Matrix<double>(t, d), std::vector<double>(static_cast<std::size_t>(t)),
                           std::vector<double>(static_cast<std::size_t>(t))};
  for (std::int64_t i = 0; i < data.x.rows(); ++i) {
    const std::vector<long double> z = augmented(data, shift, scale, i);
    for (std::int64_t k = 0; k < t; ++k) {
      const auto target = static_cast<std::size_t>(k);
      long double r = z[static_cast<std::size_t>(1 + d + k)] - static_cast<long double>(offset[target]);
      for (std::int64_t j = 0; j < d; ++j) {
        r -= z[static_cast<std::size_t>(1 + j)] * static_cast<long double>(coef(k, j));
      }
      const auto weight = static_cast<long double>(data.weight_of(i));
      found.sum[target] += static_cast<double>(weight * r);
      found.sum_squares[target] += static_cast<double>(weight * r * r);
      for (std::int64_t j = 0; j < d; ++j) {
        found.gradient(k, j) += static_cast<double>(weight * r * z[static_cast<std::size_t>(1 + j)]);
      }
    }
  }
  return found;
}

/// The gradient of half of sum of weight (y - x w - b)^2 + alpha ||w||^2 by w, and by b at the end, for one target,
/// over the size of its parts: zero at the minimum, 1e-16 or so where w is as good as double can be.
template <class T>
double stationarity(const LinearData<T>& data, std::span<const double> w, double b, double alpha, bool intercept,
                    std::int64_t target = 0) {
  const std::int64_t d = data.x.columns();
  std::vector<long double> gradient(static_cast<std::size_t>(d + 1));
  std::vector<long double> size(static_cast<std::size_t>(d + 1));
  for (std::int64_t i = 0; i < data.x.rows(); ++i) {
    long double r = static_cast<long double>(data.y(i, target)) - static_cast<long double>(b);
    long double parts = std::fabs(static_cast<long double>(data.y(i, target))) + std::fabs(static_cast<long double>(b));
    for (std::int64_t j = 0; j < d; ++j) {
      const long double part =
          static_cast<long double>(data.x(i, j)) * static_cast<long double>(w[static_cast<std::size_t>(j)]);
      r -= part;
      parts += std::fabs(part);
    }
    const auto weight = static_cast<long double>(data.weight_of(i));
    for (std::int64_t j = 0; j <= d; ++j) {
      const long double x = j < d ? static_cast<long double>(data.x(i, j)) : 1;
      gradient[static_cast<std::size_t>(j)] += weight * r * x;
      size[static_cast<std::size_t>(j)] += weight * parts * std::fabs(x);
    }
  }
  long double worst = 0;
  for (std::int64_t j = 0; j < (intercept ? d + 1 : d); ++j) {
    const auto place = static_cast<std::size_t>(j);
    if (j < d) gradient[place] -= static_cast<long double>(alpha) * static_cast<long double>(w[place]);
    if (size[place] > 0) worst = std::max(worst, std::fabs(gradient[place]) / size[place]);
  }
  return static_cast<double>(worst);
}

}  // namespace forja::testing

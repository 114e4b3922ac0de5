#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "compute/backend.h"
#include "estimator/input_checks.h"

namespace forja::core {

/// Standard deviations of components where they are divided by them, else ones.
inline std::vector<double> component_units(bool whiten, const std::vector<double>& variance) {
  std::vector<double> result(variance.size(), 1.0);
  for (std::size_t c = 0; whiten && c < variance.size(); ++c) result[c] = std::sqrt(variance[c]);
  return result;
}

/// (x - mean) times the components (k x d, a row each) over their units; where a unit is 0: 0.
template <class T>
Matrix<T> project(const Device& device, const Rows<T>& x, const std::vector<double>& mean, const Matrix<double>& v,
                  const std::vector<double>& unit) {
  Matrix<double> w(v.columns(), v.rows());
  constexpr std::int64_t kTile = 64;  // columns whose entries stay in the cache while all components pass
  for (std::int64_t first = 0; first < w.rows(); first += kTile) {
    for (std::int64_t c = 0; c < w.columns(); ++c) {
      const double u = unit[static_cast<std::size_t>(c)];
      for (std::int64_t j = first; j < std::min(first + kTile, w.rows()); ++j) w(j, c) = u > 0 ? v(c, j) / u : 0;
    }
  }
  Matrix<T> result(x.rows(), w.columns());
  families<T>(device)
      .make_affine_map(place(device), mean, w.view(), std::vector<double>(static_cast<std::size_t>(w.columns())))
      ->apply(x, result.view());
  return result;
}

/// z times the components times their units, plus the mean.
template <class T>
Matrix<T> unproject(const Device& device, const Rows<T>& z, const std::vector<double>& mean, Matrix<double> v,
                    const std::vector<double>& unit) {
  for (std::int64_t c = 0; c < v.rows(); ++c) {
    for (double& value : v.row(c)) value *= unit[static_cast<std::size_t>(c)];
  }
  Matrix<T> result(z.rows(), v.columns());
  families<T>(device)
      .make_affine_map(place(device), std::vector<double>(static_cast<std::size_t>(v.rows())), v.view(), mean)
      ->apply(z, result.view());
  return result;
}

}  // namespace forja::core

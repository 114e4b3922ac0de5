#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "forja/matrix.h"

/// The singular value decomposition by its textbook, in double: what the backends are compared with.
namespace forja::testing {

struct NaiveSvd {
  std::vector<double> values;  ///< descending; min(n, d)
  Matrix<double> vectors;      ///< right singular vectors of the values above 0, a row each
  std::vector<double> mean;
};

/// x minus its columns' means, each rounded to T as the contract says.
template <class T>
Matrix<double> naive_centred(const Matrix<T>& x, bool centred, std::vector<double>* mean = nullptr) {
  Matrix<double> result(x.rows(), x.columns());
  for (std::int64_t j = 0; j < x.columns(); ++j) {
    long double sum = 0;
    for (std::int64_t i = 0; i < x.rows(); ++i) sum += static_cast<long double>(x(i, j));
    const double m = centred ? static_cast<double>(sum / static_cast<long double>(x.rows())) : 0;
    if (mean != nullptr) mean->push_back(m);
    for (std::int64_t i = 0; i < x.rows(); ++i) {
      result(i, j) = static_cast<double>(static_cast<T>(static_cast<double>(x(i, j)) - m));
    }
  }
  return result;
}

/// One-sided Jacobi rotations (Hestenes 1958) on the rows of the matrix or of its transpose, whichever are fewer.
template <class T>
NaiveSvd naive_svd(const Matrix<T>& x, bool centred = true) {
  NaiveSvd svd;
  const Matrix<double> a = naive_centred(x, centred, &svd.mean);
  const bool wide = a.rows() < a.columns();
  const std::int64_t m = std::min(a.rows(), a.columns());
  const std::int64_t length = std::max(a.rows(), a.columns());
  Matrix<double> b(m, length);  // its rows become orthogonal
  Matrix<double> turned(m, m);  // and these are what they were turned by
  for (std::int64_t i = 0; i < m; ++i) {
    turned(i, i) = 1;
    for (std::int64_t l = 0; l < length; ++l) b(i, l) = wide ? a(i, l) : a(l, i);
  }
  const auto dot = [](std::span<const double> u, std::span<const double> v) {
    return std::inner_product(u.begin(), u.end(), v.begin(), 0.0);
  };
  const auto rotate = [](std::span<double> u, std::span<double> v, double c, double s) {
    for (std::size_t l = 0; l < u.size(); ++l) {
      const double old = u[l];
      u[l] = c * old - s * v[l];
      v[l] = s * old + c * v[l];
    }
  };
  for (int sweep = 0; sweep < 40; ++sweep) {
    double off = 0;
    for (std::int64_t i = 0; i < m; ++i) {
      for (std::int64_t j = i + 1; j < m; ++j) {
        const double p = dot(b.row(i), b.row(i));
        const double q = dot(b.row(j), b.row(j));
        const double r = dot(b.row(i), b.row(j));
        if (p <= 0 || q <= 0 || std::abs(r) <= 1e-16 * std::sqrt(p * q)) continue;
        off = std::max(off, std::abs(r) / std::sqrt(p * q));
        const double zeta = (q - p) / (2 * r);
        const double t = (zeta >= 0 ? 1 : -1) / (std::abs(zeta) + std::sqrt(1 + zeta * zeta));
        const double c = 1 / std::sqrt(1 + t * t);
        rotate(b.row(i), b.row(j), c, c * t);
        rotate(turned.row(i), turned.row(j), c, c * t);
      }
    }
    if (off < 1e-15) break;
  }
  std::vector<std::int64_t> order(static_cast<std::size_t>(m));
  std::iota(order.begin(), order.end(), 0);
  std::vector<double> lengths;
  for (std::int64_t i = 0; i < m; ++i) lengths.push_back(std::sqrt(dot(b.row(i), b.row(i))));
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t i, std::int64_t j) {
    return lengths[static_cast<std::size_t>(i)] > lengths[static_cast<std::size_t>(j)];
  });
  svd.vectors = Matrix<double>(m, a.columns());
  for (std::int64_t i = 0; i < m; ++i) {
    const std::int64_t from = order[static_cast<std::size_t>(i)];
    const double value = lengths[static_cast<std::size_t>(from)];
    svd.values.push_back(value);
    for (std::int64_t l = 0; l < a.columns(); ++l) {
      svd.vectors(i, l) = !wide ? turned(from, l) : value > 0 ? b(from, l) / value : 0;
    }
  }
  return svd;
}

/// The largest entry of rows rows' - I.
inline double orthonormality(const Matrix<double>& rows) {
  double worst = 0;
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    for (std::int64_t j = 0; j <= i; ++j) {
      const double product = std::inner_product(rows.row(i).begin(), rows.row(i).end(), rows.row(j).begin(), 0.0);
      const double error = std::abs(product - (i == j ? 1 : 0));
      if (!(error <= worst)) worst = error;
    }
  }
  return worst;
}

/// Length of v minus its projection on the row space of an orthonormal basis.
inline double distance_from_span(std::span<const double> v, const Matrix<double>& basis) {
  std::vector<double> rest(v.begin(), v.end());
  for (std::int64_t i = 0; i < basis.rows(); ++i) {
    const double along = std::inner_product(rest.begin(), rest.end(), basis.row(i).begin(), 0.0);
    for (std::size_t l = 0; l < rest.size(); ++l) rest[l] -= along * basis.row(i)[l];
  }
  return std::sqrt(std::inner_product(rest.begin(), rest.end(), rest.begin(), 0.0));
}

}  // namespace forja::testing

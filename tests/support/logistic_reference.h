#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "forja/matrix.h"

/// Logistic and softmax regression in double, row by row.
namespace forja::testing {

/// The mean over the rows' weight of -log p(label), its gradient, and its Hessian, by all coefficients and intercepts:
/// outputs x (d + 1), intercepts last.
struct NaiveLogistic {
  double loss = 0;
  Matrix<double> gradient;
  Matrix<double> hessian;
};

/// theta: of one output for two classes, else one per class. places: the rows' classes, from 0. weight: may be empty.
template <class T>
NaiveLogistic naive_logistic(const Matrix<T>& x, std::span<const std::int32_t> places, std::span<const T> weight,
                             const Matrix<double>& theta, bool with_hessian = false) {
  const std::int64_t outputs = theta.rows();
  const std::int64_t width = theta.columns();
  const std::int64_t size = with_hessian ? outputs * width : 0;
  NaiveLogistic found{0, Matrix<double>(outputs, width), Matrix<double>(size, size)};
  double total = 0;
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    std::vector<double> z;
    for (const T value : x.row(i)) z.push_back(static_cast<double>(value));
    z.push_back(1);
    std::vector<double> margins(outputs == 1 ? 1 : 0);  // of two classes the lesser one's is zero
    for (std::int64_t c = 0; c < outputs; ++c) {
      double margin = 0;
      for (std::int64_t j = 0; j < width; ++j) margin += theta(c, j) * z[static_cast<std::size_t>(j)];
      margins.push_back(margin);
    }
    double greatest = margins[0];
    for (const double margin : margins) greatest = std::max(greatest, margin);
    double sum = 0;
    for (const double margin : margins) sum += std::exp(margin - greatest);
    const auto own = static_cast<std::size_t>(places[static_cast<std::size_t>(i)]);
    const double w = weight.empty() ? 1 : static_cast<double>(weight[static_cast<std::size_t>(i)]);
    total += w;
    found.loss += w * (greatest - margins[own] + std::log(sum));
    const std::size_t skipped = outputs == 1 ? 1 : 0;
    const auto share = [&](std::int64_t c) {
      return std::exp(margins[static_cast<std::size_t>(c) + skipped] - greatest) / sum;
    };
    for (std::int64_t c = 0; c < outputs; ++c) {
      const double derivative = w * (share(c) - (own == static_cast<std::size_t>(c) + skipped ? 1 : 0));
      for (std::int64_t j = 0; j < width; ++j) found.gradient(c, j) += derivative * z[static_cast<std::size_t>(j)];
      for (std::int64_t k = 0; with_hessian && k < outputs; ++k) {
        const double bend = w * share(c) * ((c == k ? 1 : 0) - share(k));
        for (std::int64_t j = 0; j < width; ++j) {
          for (std::int64_t l = 0; l < width; ++l) {
            found.hessian(c * width + j, k * width + l) +=
                bend * z[static_cast<std::size_t>(j)] * z[static_cast<std::size_t>(l)];
          }
        }
      }
    }
  }
  found.loss /= total;
  for (double& value : found.gradient.values()) value /= total;
  for (double& value : found.hessian.values()) value /= total;
  return found;
}

/// Solves a x = b for a positive definite a by elimination.
inline std::vector<double> eliminated(Matrix<double> a, std::vector<double> b) {
  const std::int64_t n = a.rows();
  for (std::int64_t k = 0; k < n; ++k) {
    for (std::int64_t i = k + 1; i < n; ++i) {
      const double factor = a(i, k) / a(k, k);
      for (std::int64_t j = k; j < n; ++j) a(i, j) -= factor * a(k, j);
      b[static_cast<std::size_t>(i)] -= factor * b[static_cast<std::size_t>(k)];
    }
  }
  for (std::int64_t i = n - 1; i >= 0; --i) {
    for (std::int64_t j = i + 1; j < n; ++j) b[static_cast<std::size_t>(i)] -= a(i, j) * b[static_cast<std::size_t>(j)];
    b[static_cast<std::size_t>(i)] /= a(i, i);
  }
  return b;
}

/// Where the mean loss + alpha ||coefficients||^2 / 2 is least, by Newton's method. Intercepts of several outputs are
/// those that a penalty of 1e-10 for each leaves.
template <class T>
Matrix<double> naive_logistic_minimum(const Matrix<T>& x, std::span<const std::int32_t> places,
                                      std::span<const T> weight, std::int64_t outputs, double alpha) {
  const std::int64_t width = x.columns() + 1;
  Matrix<double> theta(outputs, width);
  const auto penalty = [&](std::size_t k) { return (static_cast<std::int64_t>(k) + 1) % width == 0 ? 1e-10 : alpha; };
  const auto value_at = [&](const Matrix<double>& point) {
    double value = naive_logistic(x, places, weight, point).loss;
    for (std::size_t k = 0; k < point.values().size(); ++k) {
      value += 0.5 * penalty(k) * point.values()[k] * point.values()[k];
    }
    return value;
  };
  for (int step = 0; step < 100; ++step) {
    NaiveLogistic here = naive_logistic(x, places, weight, theta, true);
    std::vector<double> slope(here.gradient.values().begin(), here.gradient.values().end());
    for (std::size_t k = 0; k < slope.size(); ++k) {
      slope[k] += penalty(k) * theta.values()[k];
      here.hessian(static_cast<std::int64_t>(k), static_cast<std::int64_t>(k)) += penalty(k);
    }
    const std::vector<double> way = eliminated(here.hessian, slope);
    const double value = value_at(theta);
    double length = 1;
    Matrix<double> next = theta;
    for (; length > 1e-10; length /= 2) {
      for (std::size_t k = 0; k < way.size(); ++k) next.values()[k] = theta.values()[k] - length * way[k];
      if (value_at(next) <= value) break;
    }
    theta = next;
    double greatest = 0;
    for (const double part : way) greatest = std::max(greatest, std::fabs(part));
    if (greatest < 1e-11) break;
  }
  return theta;
}

}  // namespace forja::testing

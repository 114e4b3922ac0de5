#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "forja/matrix.h"

/// K-means as the textbook has it: plain loops in double, to judge the library by.
namespace forja::testing {

template <class T, class C>
double squared_distance(std::span<const T> x, std::span<const C> c) {
  double sum = 0;
  for (std::size_t j = 0; j < x.size(); ++j) {
    const double difference = static_cast<double>(x[j]) - static_cast<double>(c[j]);
    sum += difference * difference;
  }
  return sum;
}

/// The nearest centre of each row, the lowest of equal ones.
template <class T, class C>
std::vector<std::int32_t> nearest_centers(const Matrix<T>& x, const Matrix<C>& centers) {
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    std::int32_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::int64_t c = 0; c < centers.rows(); ++c) {
      const double distance = squared_distance(x.row(i), centers.row(c));
      if (distance < least) {
        least = distance;
        best = static_cast<std::int32_t>(c);
      }
    }
    labels.push_back(best);
  }
  return labels;
}

/// Sum of weight x squared distance to the labelled centre. weights may be empty.
template <class T, class C>
double inertia_of(const Matrix<T>& x, const Matrix<C>& centers, std::span<const std::int32_t> labels,
                  std::span<const T> weights = {}) {
  double sum = 0;
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    const double weight = weights.empty() ? 1.0 : static_cast<double>(weights[static_cast<std::size_t>(i)]);
    sum += weight * squared_distance(x.row(i), centers.row(labels[static_cast<std::size_t>(i)]));
  }
  return sum;
}

struct ReferenceFit {
  Matrix<double> centers;
  std::vector<std::int32_t> labels;
  double inertia = 0;
  std::int64_t n_iter = 0;
};

/// Lloyd's iteration until no label changes; knows no empty clusters (they keep their centre).
template <class T>
ReferenceFit reference_fit(const Matrix<T>& x, Matrix<double> centers, std::span<const T> weights = {}) {
  ReferenceFit fit{std::move(centers), {}, 0, 0};
  for (;;) {
    ++fit.n_iter;
    std::vector<std::int32_t> labels = nearest_centers(x, fit.centers);
    if (labels == fit.labels) break;
    fit.labels = std::move(labels);
    Matrix<double> sums(fit.centers.rows(), fit.centers.columns());
    std::vector<double> total(static_cast<std::size_t>(fit.centers.rows()), 0.0);
    for (std::int64_t i = 0; i < x.rows(); ++i) {
      const std::int32_t label = fit.labels[static_cast<std::size_t>(i)];
      const double weight = weights.empty() ? 1.0 : static_cast<double>(weights[static_cast<std::size_t>(i)]);
      total[static_cast<std::size_t>(label)] += weight;
      for (std::int64_t j = 0; j < x.columns(); ++j) sums(label, j) += weight * static_cast<double>(x(i, j));
    }
    for (std::int64_t c = 0; c < sums.rows(); ++c) {
      if (!(total[static_cast<std::size_t>(c)] > 0)) continue;
      for (std::int64_t j = 0; j < sums.columns(); ++j) {
        fit.centers(c, j) = sums(c, j) / total[static_cast<std::size_t>(c)];
      }
    }
  }
  fit.inertia = inertia_of(x, fit.centers, fit.labels, weights);
  return fit;
}

/// The silhouette of each row, from all n x n distances.
template <class T>
std::vector<double> reference_silhouettes(const Matrix<T>& x, std::span<const std::int32_t> labels) {
  std::int32_t k = 0;
  for (const std::int32_t label : labels) k = std::max(k, label + 1);
  std::vector<double> result;
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    std::vector<double> sum(static_cast<std::size_t>(k), 0.0);
    std::vector<double> count(static_cast<std::size_t>(k), 0.0);
    for (std::int64_t j = 0; j < x.rows(); ++j) {
      if (j == i) continue;
      const auto label = static_cast<std::size_t>(labels[static_cast<std::size_t>(j)]);
      sum[label] += std::sqrt(squared_distance(x.row(i), x.row(j)));
      ++count[label];
    }
    const auto own = static_cast<std::size_t>(labels[static_cast<std::size_t>(i)]);
    double nearest = std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < sum.size(); ++c) {
      if (c != own && count[c] > 0) nearest = std::min(nearest, sum[c] / count[c]);
    }
    const double within = count[own] > 0 ? sum[own] / count[own] : 0;
    const double greater = std::max(within, nearest);
    result.push_back(count[own] > 0 && greater > 0 ? (nearest - within) / greater : 0);
  }
  return result;
}

}  // namespace forja::testing

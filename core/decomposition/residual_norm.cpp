#include "decomposition/residual_norm.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <span>

#include "data/random_normal.h"

namespace forja::core {
namespace {

constexpr std::uint64_t kProbes = 2;  // stream of the random numbers

double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// Takes the part along v's rows from each row of y.
void project_out(MatrixView<const double> v, Matrix<double>& y) {
  for (std::int64_t p = 0; p < y.rows(); ++p) {
    const auto row = y.row(p);
    for (std::int64_t c = 0; c < v.rows(); ++c) {
      const double along = dot(row, v.row(c));
      for (std::size_t j = 0; j < row.size(); ++j) row[j] -= along * v.row(c)[j];
    }
  }
}

}  // namespace

// B = X (I - V'V) and probes w: (B'B)^q w by power steps, then ||B (B'B)^q w||, which bounds ||B||^(2q + 1) up to a
// factor (Halko, Martinsson and Tropp 2011, lemma 4.1); the root leaves little of that factor.
template <class T>
double residual_bound(compute::DecompositionCompute<T>& x, MatrixView<const double> v, std::uint64_t seed) {
  constexpr std::int64_t kCount = 6;  // each fails with a probability of 1/10
  constexpr int kSteps = 2;
  const double factor = 10 * std::sqrt(2 / std::numbers::pi);
  Matrix<double> y(kCount, x.columns());
  for (std::size_t i = 0; i < y.values().size(); ++i) y.values()[i] = random_normal(seed, kProbes, i);
  project_out(v, y);
  std::vector<double> log_length(kCount);  // what the probes were divided by
  double bound = 0;
  for (int step = 0; step <= kSteps; ++step) {
    Matrix<double> image = x.gram_times(y.view());
    project_out(v, image);
    for (std::int64_t p = 0; p < kCount; ++p) {
      double& length = log_length[static_cast<std::size_t>(p)];
      if (step == kSteps) {
        const double square = std::max(dot(y.row(p), image.row(p)), 0.0);
        const double log_norm = std::log(factor) + length + std::log(square) / 2;
        bound = std::max(bound, std::exp(log_norm / (2 * kSteps + 1)));
        continue;
      }
      const double norm = std::sqrt(dot(image.row(p), image.row(p)));
      if (!(norm > 0)) continue;  // nothing is left of this probe, nor will be
      length += std::log(norm);
      for (double& value : image.row(p)) value /= norm;
    }
    y = std::move(image);
  }
  return bound;
}

template <class T>
double triplet_residual(compute::DecompositionCompute<T>& x, const compute::LeadingSvd& found) {
  const double scale = found.singular_values[0] * found.singular_values[0];
  if (!(scale > 0)) return 0;
  const Matrix<double> image = x.gram_times(found.vectors.view());
  double worst = 0;
  for (std::int64_t c = 0; c < image.rows(); ++c) {
    const double value = found.singular_values[static_cast<std::size_t>(c)];
    double square = 0;
    for (std::int64_t j = 0; j < image.columns(); ++j) {
      const double error = image(c, j) - value * value * found.vectors(c, j);
      square += error * error;
    }
    worst = std::max(worst, std::sqrt(square));
  }
  return worst / scale;
}

template double residual_bound(compute::DecompositionCompute<float>&, MatrixView<const double>, std::uint64_t);
template double residual_bound(compute::DecompositionCompute<double>&, MatrixView<const double>, std::uint64_t);
template double triplet_residual(compute::DecompositionCompute<float>&, const compute::LeadingSvd&);
template double triplet_residual(compute::DecompositionCompute<double>&, const compute::LeadingSvd&);

}  // namespace forja::core

#include <fmt/format.h>

#include <utility>

#include "boosting/forest_dependence.h"
#include "estimator/input_checks.h"
#include "forja/inspection.h"
#include "inspection/dependence_grid.h"

namespace forja {
namespace {

constexpr const char* kDependence = "partial_dependence";

template <class T>
Matrix<T> as_matrix(Matrix<T> predictions) {
  return predictions;
}
template <class T>
Matrix<T> as_matrix(std::vector<T> predictions) {
  const std::int64_t rows = std::ssize(predictions);
  return {rows, 1, std::move(predictions)};
}

template <class T>
std::vector<double> weighted_mean(const Matrix<T>& predictions, std::span<const T> weight) {
  std::vector<double> mean(static_cast<std::size_t>(predictions.columns()));
  double sum = 0;
  for (std::int64_t i = 0; i < predictions.rows(); ++i) {
    const double of_row = weight.empty() ? 1.0 : static_cast<double>(weight[static_cast<std::size_t>(i)]);
    sum += of_row;
    if (of_row == 0) continue;
    for (std::int64_t k = 0; k < predictions.columns(); ++k) {
      mean[static_cast<std::size_t>(k)] += of_row * static_cast<double>(predictions(i, k));
    }
  }
  for (double& value : mean) value /= sum;
  return mean;
}

template <class T, class Predictions>
PartialDependence brute(const std::function<Predictions(MatrixView<const T>)>& predict, MatrixView<const T> x,
                        std::span<const std::int64_t> features, const PartialDependenceOptions& options,
                        std::span<const T> sample_weight) {
  PartialDependence found{core::dependence_grid(x, features, options), {}};
  if (core::check_sample_weight(kDependence, sample_weight, x.rows()) == 0) {
    throw InvalidArgument(fmt::format("{}: all {} rows weigh 0", kDependence, x.rows()));
  }
  const Matrix<double> points = core::grid_points(found.grid_values);
  Matrix<T> rows(x);
  for (std::int64_t point = 0; point < points.rows(); ++point) {
    for (std::size_t k = 0; k < features.size(); ++k) {
      const auto value = static_cast<T>(points(point, static_cast<std::int64_t>(k)));
      for (std::int64_t i = 0; i < rows.rows(); ++i) rows(i, features[k]) = value;
    }
    const Matrix<T> predictions = as_matrix(predict(rows.view()));
    if (point == 0) found.average = Matrix<double>(predictions.columns(), points.rows());
    if (predictions.empty() || predictions.rows() != x.rows()) {
      throw InvalidArgument(fmt::format("{}: predict gave {} x {} values for {} rows", kDependence, predictions.rows(),
                                        predictions.columns(), x.rows()));
    }
    if (predictions.columns() != found.average.rows()) {
      throw InvalidArgument(fmt::format("{}: predict gave {} columns after {}", kDependence, predictions.columns(),
                                        found.average.rows()));
    }
    const std::vector<double> mean = weighted_mean(predictions, sample_weight);
    for (std::size_t k = 0; k < mean.size(); ++k) found.average(static_cast<std::int64_t>(k), point) = mean[k];
  }
  return found;
}

}  // namespace

#define FORJA_BRUTE(T, PREDICTIONS)                                                                                 \
  PartialDependence partial_dependence(const std::function<PREDICTIONS(MatrixView<const T>)>& predict,              \
                                       MatrixView<const T> x, std::span<const std::int64_t> features,               \
                                       const PartialDependenceOptions& options, std::span<const T> sample_weight) { \
    return brute<T, PREDICTIONS>(predict, x, features, options, sample_weight);                                     \
  }
FORJA_BRUTE(float, Matrix<float>)
FORJA_BRUTE(double, Matrix<double>)
FORJA_BRUTE(float, std::vector<float>)
FORJA_BRUTE(double, std::vector<double>)
#undef FORJA_BRUTE

template <class T>
PartialDependence partial_dependence(const HistGradientBoosting<T>& model, std::type_identity_t<MatrixView<const T>> x,
                                     std::span<const std::int64_t> features, const PartialDependenceOptions& options) {
  const core::FittedForest& forest = model.forest();
  core::check_columns(kDependence, x.columns(), model.n_features_in());
  PartialDependence found{core::dependence_grid(x, features, options), {}};
  found.average = core::forest_dependence(forest, features, core::grid_points(found.grid_values), 0);
  return found;
}

template FORJA_API PartialDependence partial_dependence(const HistGradientBoosting<float>&, MatrixView<const float>,
                                                        std::span<const std::int64_t>, const PartialDependenceOptions&);
template FORJA_API PartialDependence partial_dependence(const HistGradientBoosting<double>&, MatrixView<const double>,
                                                        std::span<const std::int64_t>, const PartialDependenceOptions&);

}  // namespace forja

#include "linear/sgd_classes.h"

#include <algorithm>
#include <optional>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "linear/held_out.h"

namespace forja::core {
namespace {

/// Each output's accuracy on rows held out.
template <class T>
std::vector<double> accuracies(const Device& device, const HeldOut<T>& held, std::span<const std::int32_t> places,
                               const LinearParts& parts) {
  const std::int64_t outputs = parts.coef.rows();
  Matrix<T> margins(held.x_test.rows(), outputs);
  families<T>(device).make_linear_predictor(place(device), parts.coef, parts.intercept)->predict(held.x_test, margins);
  std::vector<double> right(static_cast<std::size_t>(outputs));
  double total = 0;
  for (std::int64_t i = 0; i < margins.rows(); ++i) {
    const auto row = static_cast<std::size_t>(i);
    const std::int32_t own = places[static_cast<std::size_t>(held.rows.test[row])];
    const double weight = held.weight_test.empty() ? 1 : static_cast<double>(held.weight_test[row]);
    total += weight;
    for (std::int64_t c = 0; c < outputs; ++c) {
      const bool yes = outputs == 1 ? own == 1 : own == c;
      right[static_cast<std::size_t>(c)] += (margins(i, c) > 0) == yes ? weight : 0;
    }
  }
  for (double& value : right) value /= total > 0 ? total : 1;
  return right;
}

}  // namespace

LinearParts linear_parts(const SGDWeights& weights) {
  const Matrix<double> chosen = chosen_weights(weights);
  const std::int64_t d = chosen.columns() - 1;
  LinearParts parts{Matrix<double>(MatrixView<const double>(chosen.data(), chosen.rows(), d, d + 1)), {}};
  for (std::int64_t c = 0; c < chosen.rows(); ++c) parts.intercept.push_back(chosen(c, d));
  return parts;
}

template <class T>
SGDReport descend_classes(std::string_view call, const SgdClassTask& task, const Rows<T>& x,
                          std::span<const std::int32_t> y, std::span<const std::int32_t> classes,
                          std::span<const T> sample_weight, const Device& device, SGDWeights& weights,
                          const Watch& watch) {
  const std::vector<std::int32_t> places = places_of(call, y, classes);
  const std::vector<T> weight = row_weights(
      sample_weight, places, class_weights_of(call, task.class_weight, task.class_weights, places, classes));
  const std::int64_t outputs = outputs_of(classes);
  std::vector<T> targets;
  targets.reserve(places.size());
  const bool numbers = task.descent.loss < SGDLoss::hinge;
  const auto run = [&](const Rows<T>& rows, std::span<const std::int64_t> which, std::span<const T> row_weight,
                       const SgdScores& scores) {
    const auto add = [&](std::int64_t i) {
      const std::int32_t own = places[static_cast<std::size_t>(i)];
      if (!numbers) {
        targets.push_back(static_cast<T>(own));
        return;
      }
      for (std::int64_t c = 0; c < outputs; ++c) targets.push_back(own == (outputs == 1 ? 1 : c) ? T(1) : T(-1));
    };
    for (const std::int64_t i : which) add(i);
    if (which.empty()) {
      for (std::int64_t i = 0; i < rows.rows(); ++i) add(i);
    }
    const SgdRows<T> data{rows, {targets.data(), rows.rows(), numbers ? outputs : 1}, row_weight};
    return descend(call, task.descent, data, outputs, device, scores, weights, watch);
  };
  if (!task.early_stopping) return run(x, {}, weight, {});
  const HeldOut<T> held(x, weight, task.validation_fraction, places, task.descent.seed);
  return run(held.x_train, held.rows.train, held.weight_train, [&](const Matrix<double>& found) {
    SGDWeights judged;
    judged.weights = found;
    judged.averaged.resize(static_cast<std::size_t>(outputs));
    return accuracies(device, held, places, linear_parts(judged));
  });
}

#define FORJA_INSTANTIATE(T)                                                                                           \
  template SGDReport descend_classes(std::string_view, const SgdClassTask&, const Rows<T>&,                            \
                                     std::span<const std::int32_t>, std::span<const std::int32_t>, std::span<const T>, \
                                     const Device&, SGDWeights&, const Watch&);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core

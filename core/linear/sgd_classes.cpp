#include "linear/sgd_classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "linear/class_input.h"
#include "linear/class_targets.h"
#include "linear/held_out.h"
#include "linear/sgd_driver.h"

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

/// Goes on from `weights` over rows whose labels are all among `classes`.
template <class T>
SGDReport descend_classes(std::string_view call, const SGDClassifierOptions& options, const SgdTask& task,
                          const Rows<T>& x, std::span<const std::int32_t> y, std::span<const std::int32_t> classes,
                          std::span<const T> sample_weight, const Device& device, SGDWeights& weights,
                          const Watch& watch) {
  const std::vector<std::int32_t> places = places_of(call, y, classes);
  const std::vector<T> weight = row_weights(
      sample_weight, places, class_weights_of(call, options.class_weight, options.class_weights, places, classes));
  const std::int64_t outputs = outputs_of(classes);
  const auto run = [&](const Rows<T>& rows, std::span<const std::int32_t> own, std::span<const T> row_weight,
                       const SgdScores& scores) {
    const Matrix<T> targets = class_targets<T>(task.loss, own, outputs);
    const DescentRows<T> data{rows, targets, row_weight};
    return descend_by_rows(call, task, data, outputs, device, scores, weights, watch);
  };
  if (!options.early_stopping) return run(x, places, weight, {});
  const HeldOut<T> held(x, weight, options.validation_fraction, places, options.seed);
  return run(held.x_train, take_rows(places, held.rows.train), held.weight_train,
             [&](const Matrix<double>& found) { return accuracies(device, held, places, linear_parts(found)); });
}

}  // namespace

template <class T>
SgdLearned learn_classes(std::string_view call, const SGDClassifierOptions& options, const Rows<T>& x,
                         std::span<const std::int32_t> y, std::span<const T> sample_weight, const Device& device,
                         Observer* observer) {
  check_classes(call, x, y, sample_weight, device);
  SgdLearned learned{.classes = all_classes(call, y)};
  Watch watch(observer, call);
  watch.begin_run(0, options.max_iter);
  learned.report = descend_classes(call, options, SgdTask::from(options), x, y, learned.classes, sample_weight, device,
                                   learned.weights, watch);
  return learned;
}

template <class T>
SgdLearned learn_more(std::string_view call, const SGDClassifierOptions& options, const Rows<T>& x,
                      std::span<const std::int32_t> y, std::span<const std::int32_t> classes,
                      std::span<const T> sample_weight, const Device& device, SgdLearned before) {
  if (options.early_stopping) throw InvalidArgument(fmt::format("{}: early_stopping needs all rows", call));
  if (options.class_weight == ClassWeight::balanced) {
    throw InvalidArgument(fmt::format("{}: class_weight = \"balanced\" needs all rows", call));
  }
  check_classes(call, x, y, sample_weight, device);
  const std::int64_t width = before.weights.weights.columns();
  if (width > 0) check_columns(call, x.columns(), width - 1);
  before.classes = partial_classes(call, before.classes, classes, y);
  SgdTask task = SgdTask::from(options);
  task.max_iter = 1;
  task.tol = std::nullopt;
  before.report = descend_classes(call, options, task, x, y, before.classes, sample_weight, device, before.weights,
                                  Watch(nullptr, call));
  return before;
}

#define FORJA_INSTANTIATE(T)                                                                                       \
  template SgdLearned learn_classes(std::string_view, const SGDClassifierOptions&, const Rows<T>&,                 \
                                    std::span<const std::int32_t>, std::span<const T>, const Device&, Observer*);  \
  template SgdLearned learn_more(std::string_view, const SGDClassifierOptions&, const Rows<T>&,                    \
                                 std::span<const std::int32_t>, std::span<const std::int32_t>, std::span<const T>, \
                                 const Device&, SgdLearned);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core

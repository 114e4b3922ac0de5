#include "svm/svc_problems.h"

#include <fmt/format.h>

#include <algorithm>

#include "estimator/input_checks.h"
#include "forja/error.h"
#include "linear/class_input.h"
#include "svm/svm_params.h"

namespace forja::core {
namespace {

/// The rows of two classes with the signs of their targets.
struct PairRows {
  std::vector<std::int64_t> rows;
  std::vector<double> sign;
};

/// In ascending order, so that the rows of two classes alone are all rows as they are.
PairRows pair_rows(const ClassRows& classes, std::int64_t a, std::int64_t b) {
  const auto& first = classes.rows[static_cast<std::size_t>(a)];
  const auto& second = classes.rows[static_cast<std::size_t>(b)];
  PairRows found;
  found.rows.resize(first.size() + second.size());
  std::merge(first.begin(), first.end(), second.begin(), second.end(), found.rows.begin());
  for (const std::int64_t row : found.rows) {
    found.sign.push_back(std::binary_search(first.begin(), first.end(), row) ? 1 : -1);
  }
  return found;
}

}  // namespace

compute::SvmProblem c_problem(const ClassRows& classes, std::int64_t a, std::int64_t b, double C) {
  PairRows pair = pair_rows(classes, a, b);
  compute::SvmProblem problem;
  for (std::size_t v = 0; v < pair.rows.size(); ++v) {
    const double most = C * classes.weight[static_cast<std::size_t>(pair.rows[v])];
    problem.linear.push_back(-pair.sign[v]);
    problem.lower.push_back(pair.sign[v] > 0 ? 0 : -most);
    problem.upper.push_back(pair.sign[v] > 0 ? most : 0);
  }
  problem.rows = std::move(pair.rows);
  return problem;
}

template <class T>
void check_svc_data(std::string_view call, const Rows<T>& x, std::span<const std::int32_t> y,
                    std::span<const T> sample_weight, const Device& device) {
  check_rows(call, x, device);
  check_labels(call, y, x.rows());
  check_sample_weight(call, sample_weight, x.rows());
}

void check_svc_options(std::string_view call, const SVCOptions& options) {
  svc_params().check(call, options);
  check_class_weights(call, options.class_weights);
  check_ties(call, options);
}

template <class Options>
void check_ties(std::string_view call, const Options& options) {
  if (options.break_ties && options.decision_function_shape == DecisionShape::ovo) {
    throw InvalidArgument(fmt::format("{}: break_ties needs decision_function_shape = ovr, but it is ovo", call));
  }
}

template <class T>
ClassRows weighed_rows(std::string_view call, const SVCOptions& options, std::span<const std::int32_t> y,
                       std::span<const T> sample_weight) {
  const DenseLabels labels = dense_labels(y);
  const std::vector<T> weight =
      row_weights(sample_weight, labels.place,
                  class_weights_of(call, options.class_weight, options.class_weights, labels.place, labels.classes));
  return class_rows(call, y, std::span<const T>(weight));
}

template void check_ties(std::string_view, const SVCOptions&);
template void check_ties(std::string_view, const NuSVCOptions&);

#define FORJA_INSTANTIATE(T)                                                                                        \
  template void check_svc_data(std::string_view, const Rows<T>&, std::span<const std::int32_t>, std::span<const T>, \
                               const Device&);                                                                      \
  template ClassRows weighed_rows(std::string_view, const SVCOptions&, std::span<const std::int32_t>,               \
                                  std::span<const T>);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core

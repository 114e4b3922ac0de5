#include "forja/linear_svm.h"

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "linear/class_input.h"
#include "linear/dual_descent.h"
#include "linear/linear_input.h"
#include "linear/linear_svm_params.h"

namespace forja {
namespace {

/// C x weight of each row.
template <class T>
std::vector<T> row_factors(double C, std::int64_t rows, std::span<const T> weight) {
  std::vector<T> factors;
  factors.reserve(static_cast<std::size_t>(rows));
  for (std::int64_t i = 0; i < rows; ++i) {
    factors.push_back(
        static_cast<T>(weight.empty() ? C : C * static_cast<double>(weight[static_cast<std::size_t>(i)])));
  }
  return factors;
}

/// What a fit finds.
struct Found {
  Matrix<double> coef;
  std::vector<double> intercept;
  LinearSVMReport report;
};

template <class T, class Options>
Found find(std::string_view call, const Options& options, formulas::RowLoss<double> loss, std::int64_t outputs,
           const Rows<T>& x, MatrixView<const T> y, std::span<const T> weight, const Device& device,
           Observer* observer) {
  core::Watch watch(observer, call);
  watch.begin_run(0, options.max_iter);
  const std::vector<T> factors = row_factors(options.C, x.rows(), weight);
  const double bias = options.fit_intercept ? options.intercept_scaling : 0;
  const auto rows =
      core::families<T>(device).make_dual(core::place(device), x, y, factors, {loss, outputs, bias, options.seed});
  const core::DualEnd end = core::descend_dual(call, *rows, outputs, {options.max_iter, options.tol}, watch);
  const std::int64_t d = x.columns();
  Found found{Matrix<double>(MatrixView<const double>(end.weights.data(), outputs, d, d + 1)),
              {},
              {end.n_iter, end.converged, end.dual_gap, end.objective}};
  for (std::int64_t c = 0; c < outputs; ++c) found.intercept.push_back(bias * end.weights(c, d));
  return found;
}

}  // namespace

template <class T>
LinearSVC<T>::LinearSVC(LinearSVCOptions options, Device device)
    : LinearClassifier<T>("LinearSVC", device), options_(std::move(options)) {}

template <class T>
LinearSVC<T>& LinearSVC<T>::fit(const Rows<T>& x, std::span<const std::int32_t> y, std::span<const T> sample_weight,
                                Observer* observer) {
  constexpr std::string_view kCall = "LinearSVC::fit";
  core::linear_svc_params().check(kCall, options_);
  core::check_class_weights(kCall, options_.class_weights);
  core::check_classes(kCall, x, y, sample_weight, this->device());
  std::vector<std::int32_t> classes = core::all_classes(kCall, y);
  const std::vector<std::int32_t> places = core::places_of(kCall, y, classes);
  const std::vector<T> weight =
      core::row_weights(sample_weight, places,
                        core::class_weights_of(kCall, options_.class_weight, options_.class_weights, places, classes));
  const std::vector<T> targets(places.begin(), places.end());
  const auto kind =
      options_.loss == LinearSVCLoss::hinge ? formulas::LossKind::hinge : formulas::LossKind::squared_hinge;
  Found found = find<T>(kCall, options_, {.kind = kind}, core::outputs_of(classes), x,
                        core::one_target(std::span<const T>(targets)), weight, this->device(), observer);
  this->set_linear(std::move(classes), std::move(found.coef), found.intercept);
  report_ = found.report;
  return *this;
}

template <class T>
LinearSVR<T>::LinearSVR(LinearSVROptions options, Device device)
    : LinearModel<T>("LinearSVR", device), options_(options) {}

template <class T>
LinearSVR<T>& LinearSVR<T>::fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight,
                                Observer* observer) {
  constexpr std::string_view kCall = "LinearSVR::fit";
  core::linear_svr_params().check(kCall, options_);
  core::check_training_data(kCall, x, core::one_target(y), sample_weight, this->device());
  const auto kind = options_.loss == LinearSVRLoss::epsilon_insensitive
                        ? formulas::LossKind::epsilon_insensitive
                        : formulas::LossKind::squared_epsilon_insensitive;
  Found found = find<T>(kCall, options_, {kind, options_.epsilon}, 1, x, core::one_target(y), sample_weight,
                        this->device(), observer);
  this->set_linear(std::move(found.coef), found.intercept);
  report_ = found.report;
  return *this;
}

#define FORJA_REPORT(Model, table)                       \
  template <class T>                                     \
  std::int64_t Model<T>::n_iter() const {                \
    this->check_fitted("n_iter");                        \
    return report_.n_iter;                               \
  }                                                      \
  template <class T>                                     \
  bool Model<T>::converged() const {                     \
    this->check_fitted("converged");                     \
    return report_.converged;                            \
  }                                                      \
  template <class T>                                     \
  double Model<T>::dual_gap() const {                    \
    this->check_fitted("dual_gap");                      \
    return report_.dual_gap;                             \
  }                                                      \
  template <class T>                                     \
  double Model<T>::objective() const {                   \
    this->check_fitted("objective");                     \
    return report_.objective;                            \
  }                                                      \
  template <class T>                                     \
  Params Model<T>::get_params() const {                  \
    return table.get(options_);                          \
  }                                                      \
  template <class T>                                     \
  Model<T>& Model<T>::set_params(const Params& params) { \
    table.set(#Model "::set_params", options_, params);  \
    return *this;                                        \
  }                                                      \
  template class Model<float>;                           \
  template class Model<double>;
FORJA_REPORT(LinearSVC, core::linear_svc_params())
FORJA_REPORT(LinearSVR, core::linear_svr_params())
#undef FORJA_REPORT

}  // namespace forja

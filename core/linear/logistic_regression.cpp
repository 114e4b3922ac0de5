#include "forja/logistic_regression.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>

#include "compute/backend.h"
#include "estimator/dense_labels.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "formulas/losses.h"
#include "linear/centred_gram.h"
#include "linear/lbfgs.h"
#include "linear/logistic_params.h"

namespace forja {
namespace {

template <class T>
double weight_of(std::span<const T> sample_weight, std::size_t i) {
  return sample_weight.empty() ? 1 : static_cast<double>(sample_weight[i]);
}

/// Each row's class as the seam takes it.
template <class T>
std::vector<T> class_targets(std::string_view call, const core::DenseLabels& labels, std::span<const T> sample_weight) {
  if (labels.classes.size() < 2) {
    throw InvalidArgument(
        fmt::format("{}: y has 1 class, {}, but at least 2 are needed", call, labels.classes.front()));
  }
  std::vector<double> weight(labels.classes.size());
  std::vector<T> targets;
  targets.reserve(labels.place.size());
  for (std::size_t i = 0; i < labels.place.size(); ++i) {
    weight[static_cast<std::size_t>(labels.place[i])] += weight_of(sample_weight, i);
    targets.push_back(static_cast<T>(labels.place[i]));
  }
  for (std::size_t c = 0; c < weight.size(); ++c) {
    if (!(weight[c] > 0)) {
      throw InvalidArgument(fmt::format("{}: the rows of class {} weigh 0", call, labels.classes[c]));
    }
  }
  return targets;
}

/// The objective over coefficients of x' (outputs x d), then offsets.
template <class T>
class LogisticObjective {
 public:
  LogisticObjective(compute::LinearCompute<T>& rows, std::int64_t outputs, double weight,
                    const LogisticRegressionOptions& options)
      : rows_(rows),
        outputs_(outputs),
        d_(rows.columns()),
        weight_(weight),
        alpha_(options.penalty == LogisticPenalty::l2 ? 1 / (options.C * weight) : 0),
        intercept_(options.fit_intercept),
        use_(core::choose_columns<T>(rows.column_ranges(rows.rows()), d_, options.fit_intercept, false)) {
    use_.shift.back() = 0;  // y is a class, to be left as it is
    use_.scale.back() = 1;
    core::use_columns(rows_, use_);
  }

  std::vector<double> start() const { return std::vector<double>(static_cast<std::size_t>(outputs_ * (d_ + 1))); }

  double operator()(std::span<const double> point, std::span<double> gradient) const {
    const auto offsets = static_cast<std::size_t>(outputs_ * d_);
    const auto kind = outputs_ == 1 ? formulas::LossKind::log_loss : formulas::LossKind::multinomial;
    const compute::LossGradient found =
        rows_.loss_gradient({.kind = kind}, {point.data(), outputs_, d_}, point.subspan(offsets));
    double square = 0;
    for (std::size_t k = 0; k < offsets; ++k) {
      const double unit = use_.scale[k % static_cast<std::size_t>(d_)];
      square += point[k] * unit * point[k] * unit;
      gradient[k] = found.gradient.values()[k] / weight_ + alpha_ * unit * unit * point[k];
    }
    for (std::size_t c = 0; c < found.offset.size(); ++c) {
      gradient[offsets + c] = intercept_ ? found.offset[c] / weight_ : 0;
    }
    return found.loss / weight_ + 0.5 * alpha_ * square;
  }

  /// Coefficients and intercepts of the columns as they are.
  void unpack(const std::vector<double>& point, Matrix<double>& coef, std::vector<double>& intercept) const {
    coef = Matrix<double>(outputs_, d_);
    intercept.assign(point.end() - outputs_, point.end());
    for (std::int64_t c = 0; c < outputs_; ++c) {
      for (std::int64_t j = 0; j < d_; ++j) {
        const auto column = static_cast<std::size_t>(j);
        coef(c, j) = point[static_cast<std::size_t>(c * d_ + j)] * use_.scale[column];
        intercept[static_cast<std::size_t>(c)] -= coef(c, j) * use_.shift[column];
      }
    }
  }

 private:
  compute::LinearCompute<T>& rows_;
  std::int64_t outputs_;
  std::int64_t d_;
  double weight_;
  double alpha_;
  bool intercept_;
  core::ColumnUse use_;
};

}  // namespace

template <class T>
LogisticRegression<T>::LogisticRegression(LogisticRegressionOptions options, Device device)
    : LinearClassifier<T>("LogisticRegression", device), options_(options) {}

template <class T>
LogisticRegression<T>& LogisticRegression<T>::fit(const Rows<T>& x, std::span<const std::int32_t> y,
                                                  std::span<const T> sample_weight, Observer* observer) {
  constexpr std::string_view kCall = "LogisticRegression::fit";
  core::logistic_regression_params().check(kCall, options_);
  core::check_rows(kCall, x, this->device());
  core::check_labels(kCall, y, x.rows());
  core::check_sample_weight(kCall, sample_weight, x.rows());
  core::DenseLabels labels = core::dense_labels(y);
  const std::vector<T> targets = class_targets(kCall, labels, sample_weight);
  double weight = 0;
  for (std::size_t i = 0; i < y.size(); ++i) weight += weight_of(sample_weight, i);

  core::Watch watch(observer, kCall);
  watch.begin_run(0, options_.max_iter);
  const auto rows =
      core::families<T>(this->device())
          .make_linear(core::place(this->device()), x, MatrixView<const T>(targets.data(), x.rows(), 1), sample_weight);
  const std::int64_t outputs = labels.classes.size() == 2 ? 1 : std::ssize(labels.classes);
  const LogisticObjective<T> objective(*rows, outputs, weight, options_);
  // A value is a sum of rows whose margins are rounded to T.
  constexpr auto kNoise = static_cast<double>(std::numeric_limits<T>::epsilon());
  const core::LbfgsEnd end =
      core::minimise([&](std::span<const double> point, std::span<double> slope) { return objective(point, slope); },
                     objective.start(), {.max_iter = options_.max_iter, .tol = options_.tol, .noise = kNoise}, watch);
  Matrix<double> coef;
  std::vector<double> intercept;
  objective.unpack(end.point, coef, intercept);
  this->set_linear(std::move(labels.classes), std::move(coef), intercept);
  end_ = {end.gradient_norm, end.value, end.n_iter, end.converged};
  return *this;
}

template <class T>
const typename LogisticRegression<T>::End& LogisticRegression<T>::end(std::string_view what) const {
  this->check_fitted(what);
  return end_;
}

template <class T>
Matrix<T> LogisticRegression<T>::predict_proba(const Rows<T>& x) const {
  Matrix<T> found = this->margins("predict_proba", x);
  if (found.columns() > 1) {
    for (std::int64_t i = 0; i < found.rows(); ++i) formulas::softmax(found.row(i).data(), found.columns());
    return found;
  }
  Matrix<T> both(found.rows(), 2);
  for (std::int64_t i = 0; i < found.rows(); ++i) {
    both(i, 0) = formulas::sigmoid(-found(i, 0));
    both(i, 1) = formulas::sigmoid(found(i, 0));
  }
  return both;
}

template <class T>
std::int64_t LogisticRegression<T>::n_iter() const {
  return end("n_iter").n_iter;
}

template <class T>
bool LogisticRegression<T>::converged() const {
  return end("converged").converged;
}

template <class T>
double LogisticRegression<T>::gradient_norm() const {
  return end("gradient_norm").gradient_norm;
}

template <class T>
double LogisticRegression<T>::loss() const {
  return end("loss").loss;
}

template <class T>
Params LogisticRegression<T>::get_params() const {
  return core::logistic_regression_params().get(options_);
}

template <class T>
LogisticRegression<T>& LogisticRegression<T>::set_params(const Params& params) {
  core::logistic_regression_params().set("LogisticRegression::set_params", options_, params);
  return *this;
}

template class LogisticRegression<float>;
template class LogisticRegression<double>;

}  // namespace forja

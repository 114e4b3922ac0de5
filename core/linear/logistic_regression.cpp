#include "forja/logistic_regression.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <string_view>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "formulas/losses.h"
#include "linear/centred_gram.h"
#include "linear/class_input.h"
#include "linear/lbfgs.h"
#include "linear/linear_input.h"
#include "linear/logistic_params.h"
#include "linear/owl_qn.h"

namespace forja {
namespace {

/// Throws InvalidArgument where the rows of a class weigh nothing; returns what all rows weigh.
template <class T>
double check_weights(std::string_view call, std::span<const std::int32_t> classes, std::span<const std::int32_t> places,
                     std::span<const T> weight) {
  std::vector<double> sums(classes.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    sums[static_cast<std::size_t>(places[i])] += weight.empty() ? 1 : static_cast<double>(weight[i]);
  }
  for (std::size_t c = 0; c < sums.size(); ++c) {
    if (!(sums[c] > 0)) throw InvalidArgument(fmt::format("{}: the rows of class {} weigh 0", call, classes[c]));
  }
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

/// How much of the penalty is l1.
double l1_share(const LogisticRegressionOptions& options) {
  return options.penalty == LogisticPenalty::l1           ? 1
         : options.penalty == LogisticPenalty::elasticnet ? options.l1_ratio
                                                          : 0;
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
        penalty_(options.penalty == LogisticPenalty::none ? 0 : 1 / (options.C * weight)),
        l1_share_(l1_share(options)),
        intercept_(options.fit_intercept),
        use_(core::choose_columns<T>(rows.column_ranges(rows.rows()), d_, options.fit_intercept, false)) {
    use_.shift.back() = 0;  // y is a class, to be left as it is
    use_.scale.back() = 1;
    core::use_columns(rows_, use_);
  }

  std::vector<double> start() const { return std::vector<double>(static_cast<std::size_t>(outputs_ * (d_ + 1))); }

  /// The penalty's part that has no gradient: a factor for the size of each number of the point; empty: none.
  std::vector<double> l1() const {
    std::vector<double> factors;
    if (penalty_ * l1_share_ == 0) return factors;
    for (std::int64_t k = 0; k < outputs_ * (d_ + 1); ++k) {
      factors.push_back(k < outputs_ * d_ ? penalty_ * l1_share_ * use_.scale[static_cast<std::size_t>(k % d_)] : 0);
    }
    return factors;
  }

  /// All but that part.
  double operator()(std::span<const double> point, std::span<double> gradient) const {
    const double alpha = penalty_ * (1 - l1_share_);
    const auto offsets = static_cast<std::size_t>(outputs_ * d_);
    const auto kind = outputs_ == 1 ? formulas::LossKind::log_loss : formulas::LossKind::multinomial;
    const compute::LossGradient found =
        rows_.loss_gradient({.kind = kind}, {point.data(), outputs_, d_}, point.subspan(offsets));
    double square = 0;
    for (std::size_t k = 0; k < offsets; ++k) {
      const double unit = use_.scale[k % static_cast<std::size_t>(d_)];
      square += point[k] * unit * point[k] * unit;
      gradient[k] = found.gradient.values()[k] / weight_ + alpha * unit * unit * point[k];
    }
    for (std::size_t c = 0; c < found.offset.size(); ++c) {
      gradient[offsets + c] = intercept_ ? found.offset[c] / weight_ : 0;
    }
    return found.loss / weight_ + 0.5 * alpha * square;
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
  double penalty_;
  double l1_share_;
  bool intercept_;
  core::ColumnUse use_;
};

}  // namespace

template <class T>
LogisticRegression<T>::LogisticRegression(LogisticRegressionOptions options, Device device)
    : LinearClassifier<T>("LogisticRegression", device), options_(std::move(options)) {}

template <class T>
LogisticRegression<T>& LogisticRegression<T>::fit(const Rows<T>& x, std::span<const std::int32_t> y,
                                                  std::span<const T> sample_weight, Observer* observer) {
  constexpr std::string_view kCall = "LogisticRegression::fit";
  core::logistic_regression_params().check(kCall, options_);
  core::check_class_weights(kCall, options_.class_weights);
  core::check_classes(kCall, x, y, sample_weight, this->device());
  std::vector<std::int32_t> classes = core::all_classes(kCall, y);
  const std::vector<std::int32_t> places = core::places_of(kCall, y, classes);
  const std::vector<T> row_weight =
      core::row_weights(sample_weight, places,
                        core::class_weights_of(kCall, options_.class_weight, options_.class_weights, places, classes));
  const double weight = check_weights<T>(kCall, classes, places, row_weight);
  const std::vector<T> targets(places.begin(), places.end());

  core::Watch watch(observer, kCall);
  watch.begin_run(0, options_.max_iter);
  const auto rows =
      core::families<T>(this->device())
          .make_linear(core::place(this->device()), x, core::one_target(std::span<const T>(targets)), row_weight);
  const LogisticObjective<T> objective(*rows, core::outputs_of(classes), weight, options_);
  const core::Objective smooth = [&](std::span<const double> point, std::span<double> slope) {
    return objective(point, slope);
  };
  const std::vector<double> l1 = objective.l1();
  // A value is a sum of rows whose margins are rounded to T.
  constexpr auto kNoise = static_cast<double>(std::numeric_limits<T>::epsilon());
  const core::LbfgsRules rules{.max_iter = options_.max_iter, .tol = options_.tol, .noise = kNoise};
  const core::LbfgsEnd end = l1.empty() ? core::minimise(smooth, objective.start(), rules, watch)
                                        : core::minimise_sparse(smooth, l1, objective.start(), rules, watch);
  Matrix<double> coef;
  std::vector<double> intercept;
  objective.unpack(end.point, coef, intercept);
  this->set_linear(std::move(classes), std::move(coef), intercept);
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

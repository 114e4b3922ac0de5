// SVC and NuSVC: a problem for each pair of classes.

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "forja/error.h"
#include "forja/svm.h"
#include "svm/class_pairs.h"
#include "svm/fit_parts.h"
#include "svm/held_out.h"
#include "svm/svc_problems.h"
#include "svm/svm_params.h"

namespace forja {
namespace {

/// Multipliers of one class that sum to `sum`, as many at their bound as it takes.
void fill_up(const core::ClassRows& classes, std::int64_t c, double sign, double sum, compute::SvmProblem& problem) {
  for (const std::int64_t row : classes.rows[static_cast<std::size_t>(c)]) {
    const double most = classes.weight[static_cast<std::size_t>(row)];
    const double start = std::min(most, sum);
    sum -= start;
    problem.rows.push_back(row);
    problem.linear.push_back(0);
    problem.lower.push_back(sign > 0 ? 0 : -most);
    problem.upper.push_back(sign > 0 ? most : 0);
    problem.start.push_back(sign * start);
  }
}

double class_weight(const core::ClassRows& classes, std::int64_t c) {
  double weight = 0;
  for (const std::int64_t row : classes.rows[static_cast<std::size_t>(c)]) {
    weight += classes.weight[static_cast<std::size_t>(row)];
  }
  return weight;
}

void check_nu(std::string_view call, const core::ClassRows& classes, double nu) {
  for (const auto& [a, b] : core::class_pairs(std::ssize(classes.classes))) {
    const double first = class_weight(classes, a);
    const double second = class_weight(classes, b);
    if (nu * (first + second) / 2 <= std::min(first, second)) continue;
    throw InvalidArgument(fmt::format("{}: nu = {} but classes {} and {}, which weigh {} and {}, allow at most {}",
                                      call, nu, classes.classes[static_cast<std::size_t>(a)],
                                      classes.classes[static_cast<std::size_t>(b)], first, second,
                                      2 * std::min(first, second) / (first + second)));
  }
}

/// Of a fold whose classes do not allow nu, the most that they do.
compute::SvmProblem nu_problem(const core::ClassRows& classes, std::int64_t a, std::int64_t b, double nu) {
  const double first = class_weight(classes, a);
  const double second = class_weight(classes, b);
  const double sum = std::min({nu * (first + second) / 2, first, second});
  compute::SvmProblem problem;
  fill_up(classes, a, 1, sum, problem);
  problem.first_group = std::ssize(problem.rows);
  fill_up(classes, b, -1, sum, problem);
  return problem;
}

/// The machine as SVC would have it: decisions of 1 at the margin. A fold's that has none decides nothing.
void scale_to_margin(core::SvmEnd& end) {
  const double margin = end.half_gap;
  for (double& b : end.b) b /= margin;
  for (double& decision : end.decisions) decision = margin > 0 ? decision / margin : 0;
  end.rho /= margin;
  end.objective /= margin * margin;
}

void check_margins(std::string_view call, double nu, std::span<const core::SvmEnd> ends) {
  for (const core::SvmEnd& end : ends) {
    if (!(end.half_gap > 0)) {
      throw InvalidArgument(fmt::format("{}: nu = {} leaves no margin between two classes", call, nu));
    }
  }
}

/// Problems of all pairs; for probabilities then those of each fold.
template <class Make>
std::vector<compute::SvmProblem> pair_problems(const core::ClassRows& classes, const std::optional<core::HeldOut>& held,
                                               const Make& make) {
  const auto pairs = core::class_pairs(std::ssize(classes.classes));
  std::vector<compute::SvmProblem> problems;
  problems.reserve(pairs.size() * (1 + (held ? held->left.size() : 0)));
  for (const auto& [a, b] : pairs) problems.push_back(make(classes, a, b));
  if (!held) return problems;
  for (const core::ClassRows& left : held->left) {
    for (const auto& [a, b] : pairs) problems.push_back(make(left, a, b));
  }
  return problems;
}

template <class Options>
std::optional<core::HeldOut> held_out(const Options& options, const core::ClassRows& classes) {
  if (!options.probability) return std::nullopt;
  return core::hold_out(classes, options.seed);
}

/// What a model keeps of the pairs' problems; how they ended, of those of the folds too.
template <class Fitted, class T>
void set_pairs(Fitted& fitted, const core::KernelChoice& kernel, const Rows<T>& x, const core::ClassRows& classes,
               std::span<const compute::SvmProblem> problems, std::span<const core::SvmEnd> ends) {
  const std::size_t pairs = core::class_pairs(std::ssize(classes.classes)).size();
  core::PairSupport found = core::pair_support(classes, problems.first(pairs), ends.first(pairs));
  fitted.support = std::move(found.support);
  fitted.n_support = std::move(found.n_support);
  fitted.dual_coef = std::move(found.dual_coef);
  fitted.intercept = std::move(found.intercept);
  fitted.objective = std::move(found.objective);
  core::set_common(fitted, kernel, x, ends);
}

/// The sigmoids' slopes and offsets, by pairs; empty without folds.
struct SigmoidColumns {
  std::vector<double> a;
  std::vector<double> b;
};
SigmoidColumns sigmoids(const std::optional<core::HeldOut>& held, std::span<const compute::SvmProblem> problems,
                        std::span<const core::SvmEnd> ends) {
  SigmoidColumns found;
  if (!held) return found;
  const std::size_t pairs = problems.size() / (1 + held->left.size());
  for (const core::Sigmoid& own : core::pair_sigmoids(*held, problems.subspan(pairs), ends.subspan(pairs))) {
    found.a.push_back(own.a);
    found.b.push_back(own.b);
  }
  return found;
}

}  // namespace

template <class T>
SVC<T>::SVC(SVCOptions options, Device device) : KernelClassifier<T>("SVC", device), options_(std::move(options)) {
  this->set_rule({options_.decision_function_shape, options_.break_ties});
}

template <class T>
SVC<T>& SVC<T>::fit(const Rows<T>& x, std::span<const std::int32_t> y, std::span<const T> sample_weight,
                    Observer* observer) {
  constexpr std::string_view kCall = "SVC::fit";
  core::check_svc_options(kCall, options_);
  core::check_svc_data(kCall, x, y, sample_weight, this->device());
  core::ClassRows classes = core::weighed_rows(kCall, options_, y, sample_weight);
  const core::KernelChoice kernel = core::kernel_choice(kCall, options_, x);
  const std::optional<core::HeldOut> held = held_out(options_, classes);
  const auto problem = [&](const core::ClassRows& rows, std::int64_t a, std::int64_t b) {
    return core::c_problem(rows, a, b, options_.C);
  };
  const std::vector<compute::SvmProblem> problems = pair_problems(classes, held, problem);
  const std::vector<core::SvmEnd> ends =
      core::solve_over(kCall, options_, kernel, x, this->device(), problems, observer);
  typename KernelMachine<T>::Fitted fitted;
  set_pairs(fitted, kernel, x, classes, problems, ends);
  SigmoidColumns columns = sigmoids(held, problems, ends);
  this->set_sigmoids(std::move(columns.a), std::move(columns.b));
  this->set_fitted(std::move(fitted));
  this->set_classes(std::move(classes.classes));
  return *this;
}

template <class T>
Params SVC<T>::get_params() const {
  return core::svc_params().get(options_);
}

template <class T>
SVC<T>& SVC<T>::set_params(const Params& params) {
  core::svc_params().set("SVC::set_params", options_, params);
  this->set_rule({options_.decision_function_shape, options_.break_ties});
  return *this;
}

template <class T>
NuSVC<T>::NuSVC(NuSVCOptions options, Device device) : KernelClassifier<T>("NuSVC", device), options_(options) {
  this->set_rule({options_.decision_function_shape, options_.break_ties});
}

template <class T>
NuSVC<T>& NuSVC<T>::fit(const Rows<T>& x, std::span<const std::int32_t> y, std::span<const T> sample_weight,
                        Observer* observer) {
  constexpr std::string_view kCall = "NuSVC::fit";
  core::nu_svc_params().check(kCall, options_);
  core::check_ties(kCall, options_);
  core::check_svc_data(kCall, x, y, sample_weight, this->device());
  core::ClassRows classes = core::class_rows(kCall, y, sample_weight);
  const core::KernelChoice kernel = core::kernel_choice(kCall, options_, x);
  check_nu(kCall, classes, options_.nu);
  const std::optional<core::HeldOut> held = held_out(options_, classes);
  const auto problem = [&](const core::ClassRows& rows, std::int64_t a, std::int64_t b) {
    return nu_problem(rows, a, b, options_.nu);
  };
  const std::vector<compute::SvmProblem> problems = pair_problems(classes, held, problem);
  std::vector<core::SvmEnd> ends = core::solve_over(kCall, options_, kernel, x, this->device(), problems, observer);
  const std::size_t pairs = core::class_pairs(std::ssize(classes.classes)).size();
  check_margins(kCall, options_.nu, std::span(ends).first(pairs));
  for (core::SvmEnd& end : ends) scale_to_margin(end);
  typename KernelMachine<T>::Fitted fitted;
  set_pairs(fitted, kernel, x, classes, problems, ends);
  SigmoidColumns columns = sigmoids(held, problems, ends);
  this->set_sigmoids(std::move(columns.a), std::move(columns.b));
  this->set_fitted(std::move(fitted));
  this->set_classes(std::move(classes.classes));
  return *this;
}

template <class T>
Params NuSVC<T>::get_params() const {
  return core::nu_svc_params().get(options_);
}

template <class T>
NuSVC<T>& NuSVC<T>::set_params(const Params& params) {
  core::nu_svc_params().set("NuSVC::set_params", options_, params);
  this->set_rule({options_.decision_function_shape, options_.break_ties});
  return *this;
}

template class SVC<float>;
template class SVC<double>;
template class NuSVC<float>;
template class NuSVC<double>;

}  // namespace forja

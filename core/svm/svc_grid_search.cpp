// SVCGridSearch: a compute object for each gamma, folds and pairs of classes side by side, values of C in turn.

#include "forja/svc_grid_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <string>

#include "estimator/host_rows.h"
#include "estimator/parameter_table.h"
#include "forja/error.h"
#include "svm/fit_parts.h"
#include "svm/kernel_params.h"
#include "svm/svc_folds.h"

namespace forja {
namespace {

const core::ParameterTable<SVCGridSearchOptions>& grid_params() {
  using Options = SVCGridSearchOptions;
  static const core::ParameterTable<Options> table = core::ParameterTable<Options>()
                                                         .integer("cv", &Options::cv, 2)
                                                         .boolean("shuffle", &Options::shuffle)
                                                         .seed("seed", &Options::seed)
                                                         .boolean("refit", &Options::refit);
  return table;
}

SVCOptions cell_options(const SVCGridSearchOptions& options, double C, const KernelGamma& gamma) {
  SVCOptions own = options.estimator;
  own.C = C;
  own.gamma = gamma;
  return own;
}

void check_grid(std::string_view call, const SVCGridSearchOptions& options) {
  grid_params().check(call, options);
  if (options.C.empty()) throw InvalidArgument(fmt::format("{}: C has no values", call));
  if (options.gamma.empty()) throw InvalidArgument(fmt::format("{}: gamma has no values", call));
  for (const double C : options.C) core::check_svc_options(call, cell_options(options, C, options.gamma.front()));
  for (const KernelGamma& gamma : options.gamma) {
    core::check_svc_options(call, cell_options(options, options.C.front(), gamma));
  }
}

void check_class_counts(std::string_view call, std::int64_t cv, const core::ClassRows& classes) {
  for (std::size_t c = 0; c < classes.rows.size(); ++c) {
    if (std::ssize(classes.rows[c]) >= cv) continue;
    throw InvalidArgument(
        fmt::format("{}: cv = {} but class {} has {} rows", call, cv, classes.classes[c], classes.rows[c].size()));
  }
}

/// Places of C, the least first.
std::vector<std::size_t> ascending(const std::vector<double>& C) {
  std::vector<std::size_t> order(C.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return C[a] < C[b]; });
  return order;
}

/// Folds whose kernels are the same.
using KernelFolds = std::pair<core::KernelChoice, std::vector<std::size_t>>;

/// A rule reads the training rows, so that each fold may have a gamma of its own.
template <class T>
std::vector<KernelFolds> kernels_of(std::string_view call, const SVCOptions& options, const Rows<T>& x,
                                    std::span<const core::SvcFold> folds) {
  core::KernelChoice kernel = core::kernel_choice(call, options, x);
  std::vector<std::size_t> all(folds.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const bool used = options.kernel != SVMKernel::linear && options.kernel != SVMKernel::precomputed;
  if (!used || options.gamma.rule != KernelGamma::Rule::scale) return {{kernel, all}};
  const core::HostRows<T> rows(x);
  std::map<double, std::vector<std::size_t>> by_gamma;
  for (const std::size_t f : all) {
    const Matrix<T> own = take_rows(rows.view(), folds[f].rows.train);
    by_gamma[core::gamma_of<T>(options.gamma, own)].push_back(f);
  }
  std::vector<KernelFolds> found;
  for (auto& [gamma, own] : by_gamma) {
    kernel.gamma = gamma;
    found.emplace_back(kernel, std::move(own));
  }
  return found;
}

/// Accuracies of cells, (C gamma) x cv, and how their solutions ended.
struct GridScores {
  Matrix<double> of_split;
  std::int64_t n_iter = 0;
  bool converged = true;
};

/// All values of C, from the least on, for folds of one kernel.
template <class T>
void score_kernel(const SVCGridSearchOptions& options, std::int64_t gamma, compute::SvmCompute<T>& rows,
                  std::span<const std::int32_t> y, std::span<const core::SvcFold> folds,
                  const std::vector<std::size_t>& members, const std::function<void()>& begin_run,
                  const core::Watch& watch, GridScores& scores) {
  const SVCOptions& own = options.estimator;
  const std::size_t pairs = core::class_pairs(std::ssize(folds[0].classes.classes)).size();
  std::vector<compute::SvmProblem> before;
  std::vector<core::SvmEnd> ends;
  for (const std::size_t c : ascending(options.C)) {
    std::vector<compute::SvmProblem> problems;
    for (const std::size_t f : members) {
      for (compute::SvmProblem& problem : core::fold_problems(folds[f], options.C[c])) {
        problems.push_back(std::move(problem));
      }
    }
    // A start would let max_iter steps come further than an SVC does.
    if (!before.empty() && !own.max_iter) core::start_from(problems, before, ends);
    begin_run();
    ends = core::solve(rows, std::span<const compute::SvmProblem>(problems), own.tol, own.max_iter, watch);
    const std::int64_t cell = static_cast<std::int64_t>(c) * std::ssize(options.gamma) + gamma;
    for (std::size_t k = 0; k < members.size(); ++k) {
      scores.of_split(cell, static_cast<std::int64_t>(members[k])) =
          core::fold_accuracy<T>(folds[members[k]], std::span(problems).subspan(k * pairs, pairs),
                                 std::span(ends).subspan(k * pairs, pairs), y, own.break_ties);
    }
    for (const core::SvmEnd& end : ends) {
      scores.n_iter += end.n_iter;
      scores.converged = scores.converged && end.converged;
    }
    before = std::move(problems);
  }
}

template <class T>
GridScores score_grid(std::string_view call, const SVCGridSearchOptions& options, const Device& device,
                      const Rows<T>& x, std::span<const std::int32_t> y, std::span<const core::SvcFold> folds,
                      core::Watch& watch) {
  const std::int64_t gammas = std::ssize(options.gamma);
  GridScores scores{Matrix<double>(std::ssize(options.C) * gammas, options.cv)};
  std::int64_t run = 0;
  const auto begin_run = [&] { watch.begin_run(run++, 0); };
  for (std::int64_t g = 0; g < gammas; ++g) {
    const SVCOptions own = cell_options(options, options.C.front(), options.gamma[static_cast<std::size_t>(g)]);
    for (const auto& [kernel, members] : kernels_of(call, own, x, folds)) {
      const auto rows = core::families<T>(device).make_svm(core::place(device), x, kernel.template function<T>(),
                                                           core::svm_plan(own));
      score_kernel(options, g, *rows, y, folds, members, begin_run, watch, scores);
    }
  }
  return scores;
}

/// Of each row of split scores, as values of C x gamma.
Matrix<double> means(const Matrix<double>& of_split, std::int64_t rows) {
  Matrix<double> mean(rows, of_split.rows() / rows);
  for (std::int64_t cell = 0; cell < of_split.rows(); ++cell) {
    const std::span<const double> scores = of_split.row(cell);
    mean.values()[static_cast<std::size_t>(cell)] =
        std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
  }
  return mean;
}

}  // namespace

template <class T>
SVCGridSearch<T>::SVCGridSearch(SVCGridSearchOptions options, Device device)
    : options_(std::move(options)), device_(device) {}

template <class T>
SVCGridSearch<T>& SVCGridSearch<T>::fit(const Rows<T>& x, std::span<const std::int32_t> y,
                                        std::span<const T> sample_weight, Observer* observer) {
  constexpr std::string_view kCall = "SVCGridSearch::fit";
  check_grid(kCall, options_);
  core::check_svc_data(kCall, x, y, sample_weight, device_);
  check_class_counts(kCall, options_.cv, core::class_rows<T>(kCall, y, {}));
  std::vector<core::SvcFold> folds;
  for (SplitRows& rows : StratifiedKFold({options_.cv, options_.shuffle, options_.seed}).split(y)) {
    const std::string part = fmt::format("{}, training rows of fold {}", kCall, folds.size());
    folds.push_back(core::svc_fold(part, options_.estimator, std::move(rows), y, sample_weight));
  }
  core::Watch watch(observer, kCall);
  GridScores scores = score_grid(kCall, options_, device_, x, y, std::span<const core::SvcFold>(folds), watch);
  Found found;
  found.mean_test_score = means(scores.of_split, std::ssize(options_.C));
  found.split_test_score = std::move(scores.of_split);
  found.n_iter = scores.n_iter;
  found.converged = scores.converged;
  const std::span<const double> mean = std::as_const(found.mean_test_score).values();
  found.best = std::max_element(mean.begin(), mean.end()) - mean.begin();
  const std::int64_t gammas = std::ssize(options_.gamma);
  found.best_C = options_.C[static_cast<std::size_t>(found.best / gammas)];
  found.best_gamma = options_.gamma[static_cast<std::size_t>(found.best % gammas)];
  if (options_.refit) {
    found.estimator.emplace(cell_options(options_, found.best_C, found.best_gamma), device_);
    found.estimator->fit(x, y, sample_weight, observer);
  }
  found_ = std::move(found);
  return *this;
}

template <class T>
const typename SVCGridSearch<T>::Found& SVCGridSearch<T>::found(const char* what) const {
  if (!is_fitted()) throw NotFitted(fmt::format("SVCGridSearch::{}: call fit first", what));
  return found_;
}

template <class T>
const SVC<T>& SVCGridSearch<T>::refitted(const char* what) const {
  if (!found(what).estimator) throw NotFitted(fmt::format("SVCGridSearch::{}: fit was without refit", what));
  return *found_.estimator;
}

template <class T>
std::int64_t SVCGridSearch<T>::best_index() const {
  return found("best_index").best;
}

template <class T>
double SVCGridSearch<T>::best_score() const {
  const Found& own = found("best_score");
  return own.mean_test_score(own.best / own.mean_test_score.columns(), own.best % own.mean_test_score.columns());
}

template <class T>
Params SVCGridSearch<T>::best_params() const {
  const Found& own = found("best_params");
  SVCOptions best;
  best.gamma = own.best_gamma;
  return {{"C", own.best_C}, {"gamma", core::gamma_parameter<SVCOptions>().get(best)}};
}

template <class T>
const Matrix<double>& SVCGridSearch<T>::mean_test_score() const {
  return found("mean_test_score").mean_test_score;
}

template <class T>
const Matrix<double>& SVCGridSearch<T>::split_test_score() const {
  return found("split_test_score").split_test_score;
}

template <class T>
std::int64_t SVCGridSearch<T>::n_iter() const {
  return found("n_iter").n_iter;
}

template <class T>
bool SVCGridSearch<T>::converged() const {
  return found("converged").converged;
}

template <class T>
const SVC<T>& SVCGridSearch<T>::best_estimator() const {
  return refitted("best_estimator");
}

template <class T>
std::vector<std::int32_t> SVCGridSearch<T>::predict(const Rows<T>& x) const {
  return refitted("predict").predict(x);
}

template <class T>
Matrix<T> SVCGridSearch<T>::decision_function(const Rows<T>& x) const {
  return refitted("decision_function").decision_function(x);
}

template <class T>
double SVCGridSearch<T>::score(const Rows<T>& x, std::span<const std::int32_t> y,
                               std::span<const T> sample_weight) const {
  return refitted("score").score(x, y, sample_weight);
}

template <class T>
Params SVCGridSearch<T>::get_params() const {
  return grid_params().get(options_);
}

template <class T>
SVCGridSearch<T>& SVCGridSearch<T>::set_params(const Params& params) {
  grid_params().set("SVCGridSearch::set_params", options_, params);
  return *this;
}

template class SVCGridSearch<float>;
template class SVCGridSearch<double>;

}  // namespace forja

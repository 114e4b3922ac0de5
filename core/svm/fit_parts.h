#pragma once

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "compute/backend.h"
#include "estimator/host_rows.h"
#include "estimator/input_checks.h"
#include "forja/model_selection.h"
#include "svm/kernel_choice.h"
#include "svm/svm_solver.h"

/// What all kernel machines do around solve().
namespace forja::core {

/// Checks x and weights, and solves these problems over its rows.
template <class T, class Options>
std::vector<SvmEnd> solve_over(std::string_view call, const Options& options, const KernelChoice& kernel,
                               const Rows<T>& x, const Device& device, std::span<const compute::SvmProblem> problems,
                               Observer* observer) {
  Watch watch(observer, call);
  watch.begin_run(0, 0);
  const auto compute = families<T>(device).make_svm(place(device), x, kernel.function<T>(), svm_plan(options));
  return solve(*compute, problems, options.tol, options.max_iter, watch);
}

/// The same of one problem.
template <class T, class Options>
SvmEnd solve_one(std::string_view call, const Options& options, const KernelChoice& kernel, const Rows<T>& x,
                 const Device& device, const compute::SvmProblem& problem, Observer* observer) {
  return std::move(solve_over(call, options, kernel, x, device, std::span(&problem, 1), observer)[0]);
}

/// The fields that tell of the kernel, the support vectors and how problems ended.
template <class T, class Fitted>
void set_common(Fitted& fitted, const KernelChoice& kernel, const Rows<T>& x, std::span<const SvmEnd> ends) {
  fitted.kernel = kernel.kind;
  fitted.gamma = kernel.gamma;
  fitted.coef0 = kernel.coef0;
  fitted.degree = kernel.degree;
  fitted.n_features_in = x.columns();
  if (kernel.kind != SVMKernel::precomputed) {
    const HostRows<T> rows(x);
    fitted.support_vectors = take_rows(rows.view(), std::span<const std::int64_t>(fitted.support));
  }
  fitted.converged = std::all_of(ends.begin(), ends.end(), [](const SvmEnd& end) { return end.converged; });
  for (const SvmEnd& end : ends) {
    fitted.n_iter += end.n_iter;
    fitted.kkt_violation = std::max(fitted.kkt_violation, end.violation);
  }
}

/// One machine: the rows whose multipliers are not 0, and how its problem ended.
template <class T, class Fitted>
void set_single(Fitted& fitted, const KernelChoice& kernel, const Rows<T>& x, std::span<const std::int64_t> rows,
                std::span<const double> b, const SvmEnd& end) {
  std::vector<double> kept;
  for (std::size_t v = 0; v < b.size(); ++v) {
    if (b[v] == 0) continue;
    fitted.support.push_back(rows[v]);
    kept.push_back(b[v]);
  }
  fitted.n_support = {std::ssize(kept)};
  const std::int64_t count = std::ssize(kept);
  fitted.dual_coef = Matrix<double>(1, count, std::move(kept));
  fitted.intercept = {-end.rho};
  fitted.objective = {end.objective};
  set_common(fitted, kernel, x, std::span(&end, 1));
}

}  // namespace forja::core

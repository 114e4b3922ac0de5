#include "svm/svm_solver.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "formulas/smo.h"

namespace forja::core {
namespace {

/// Steps for each problem between two looks of the observer.
constexpr std::int64_t kStepsAtOnce = 1 << 16;
/// Times that gradients made anew may undo a convergence before it is given up: rounding decides then.
constexpr int kMostReturns = 10;

/// Where a problem's loop stands.
struct Course {
  compute::SvmState state;
  std::int64_t steps = 0;
  int returns = 0;
  bool stuck = false;
};

/// The multiplier of the sum over some variables: what the slopes of those between their bounds are; where none is, the
/// middle of what the bounds leave open.
double multiplier(const compute::SvmProblem& problem, const compute::SvmSolution& found, std::size_t first,
                  std::size_t last) {
  double sum = 0;
  std::int64_t count = 0;
  double least_up = std::numeric_limits<double>::infinity();
  double most_down = -least_up;
  for (std::size_t v = first; v < last; ++v) {
    const double b = found.b[v];
    const double up = found.gradient[v] + formulas::rise(b, problem.upper[v], problem.epsilon);
    const double down = found.gradient[v] + formulas::fall(b, problem.lower[v], problem.epsilon);
    least_up = std::min(least_up, up);
    most_down = std::max(most_down, down);
    if (up == down) {
      sum += up;
      ++count;
    }
  }
  if (count > 0) return sum / static_cast<double>(count);
  if (std::isinf(least_up) || std::isinf(most_down)) return std::isinf(least_up) ? most_down : least_up;
  return (least_up + most_down) / 2;
}

template <class T>
SvmEnd end_of(compute::SvmCompute<T>& compute, std::int64_t number, const compute::SvmProblem& problem,
              const Course& course, double tol) {
  compute::SvmSolution found = compute.solution(number);
  SvmEnd end;
  for (std::size_t v = 0; v < found.b.size(); ++v) {
    end.objective += 0.5 * found.b[v] * (found.gradient[v] + problem.linear[v]);
    end.objective += problem.epsilon * std::fabs(found.b[v]);
  }
  const auto split = static_cast<std::size_t>(problem.first_group);
  end.rho = multiplier(problem, found, split, found.b.size());
  if (split > 0) {
    const double first = multiplier(problem, found, 0, split);
    end.half_gap = (first - end.rho) / 2;
    end.rho = (first + end.rho) / 2;
  }
  for (std::size_t v = 0; v < found.b.size(); ++v) {
    end.decisions.push_back(found.gradient[v] - problem.linear[v] - end.rho);
  }
  end.violation = course.state.violation;
  end.converged = course.state.violation <= tol;
  end.n_iter = course.steps;
  end.b = std::move(found.b);
  return end;
}

}  // namespace

template <class T>
std::vector<SvmEnd> solve(compute::SvmCompute<T>& compute, std::span<const compute::SvmProblem> problems, double tol,
                          std::optional<std::int64_t> max_iter, const Watch& watch) {
  compute.set_problems(problems);
  std::vector<Course> courses(problems.size());
  std::vector<std::int64_t> open;
  for (std::int64_t p = 0; p < std::ssize(problems); ++p) open.push_back(p);
  const auto course = [&](std::int64_t p) -> Course& { return courses[static_cast<std::size_t>(p)]; };
  const auto spent = [&](const Course& own) { return max_iter && own.steps >= *max_iter; };
  std::int64_t told = 0;
  while (!open.empty()) {
    std::vector<std::int64_t> most;
    most.reserve(open.size());
    for (const std::int64_t p : open) {
      most.push_back(max_iter ? std::min(kStepsAtOnce, *max_iter - course(p).steps) : kStepsAtOnce);
    }
    const std::vector<compute::SvmState> states = compute.run(open, most);
    std::vector<std::int64_t> ended;
    std::vector<std::int64_t> left;
    double greatest = 0;
    for (std::size_t k = 0; k < open.size(); ++k) {
      Course& own = course(open[k]);
      own.state = states[k];
      own.steps += states[k].steps;
      own.stuck = states[k].violation > tol && states[k].steps == 0;
      greatest = std::max(greatest, states[k].violation);
      (states[k].violation <= tol || own.stuck || spent(own) ? ended : left).push_back(open[k]);
    }
    watch.tell(++told, greatest);
    const std::vector<compute::SvmState> anew = compute.refresh(ended);
    for (std::size_t k = 0; k < ended.size(); ++k) {
      Course& own = course(ended[k]);
      own.state.violation = anew[k].violation;
      const bool over = own.state.violation <= tol || own.stuck || spent(own) || own.returns == kMostReturns;
      if (over) continue;
      ++own.returns;
      left.push_back(ended[k]);
    }
    std::sort(left.begin(), left.end());
    open = std::move(left);
  }
  std::vector<SvmEnd> ends;
  for (std::int64_t p = 0; p < std::ssize(problems); ++p) {
    ends.push_back(end_of(compute, p, problems[static_cast<std::size_t>(p)], course(p), tol));
  }
  return ends;
}

template std::vector<SvmEnd> solve(compute::SvmCompute<float>&, std::span<const compute::SvmProblem>, double,
                                   std::optional<std::int64_t>, const Watch&);
template std::vector<SvmEnd> solve(compute::SvmCompute<double>&, std::span<const compute::SvmProblem>, double,
                                   std::optional<std::int64_t>, const Watch&);

}  // namespace forja::core

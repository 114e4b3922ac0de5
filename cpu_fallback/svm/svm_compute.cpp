#include "svm/svm_compute.h"

#include <algorithm>

#include "runtime/threads.h"
#include "runtime/within_memory.h"

namespace forja::cpu {
namespace {

/// Variables of a working set. Steps go over its kernel values, which should stay in the second-level cache.
constexpr std::int64_t kWorkingSet = 1024;

std::int64_t padded(std::int64_t count) {
  constexpr std::int64_t kNumbers = 16;
  return (count + kNumbers - 1) / kNumbers * kNumbers;
}

}  // namespace

template <class T>
CpuSvm<T>::CpuSvm(MatrixView<const T> x, const formulas::KernelFunction<T>& kernel, const compute::SvmPlan& plan,
                  int threads)
    : x_(x), kernel_(kernel), plan_(plan), threads_(threads) {
  if (precomputed()) {
    all_.view = {x.data(), x.stride(), false};  // rows may end where the matrix does, before the last vector does
    return;
  }
  const std::vector<T> shift = kernel.shift_free() ? column_means(x, threads) : std::vector<T>();
  rows_ = std::make_unique<KernelRows<T>>(x, std::span<const T>(shift), threads);
}

template <class T>
bool CpuSvm<T>::fits(std::int64_t rows) const {
  return rows <= kWorkingSet || rows * padded(rows) <= plan_.cache_bytes / static_cast<std::int64_t>(sizeof(T));
}

template <class T>
T CpuSvm<T>::diagonal(std::int64_t row) const {
  if (precomputed()) return x_(row, row);
  const T square = rows_->square(row);
  return kernel_(square, square, square);
}

template <class T>
const typename CpuSvm<T>::Square& CpuSvm<T>::all_values() {
  if (all_.view.values == nullptr) {
    const std::int64_t stride = padded(rows_->count());
    const std::int64_t numbers = rows_->count() * stride;
    within_memory("a kernel matrix", numbers * static_cast<std::int64_t>(sizeof(T)),
                  [&] { all_.own.resize(static_cast<std::size_t>(numbers)); });
    kernel_square(kernel_, *rows_, all_.own.data(), stride, threads_);
    for (std::int64_t i = 0; i < rows_->count(); ++i) {
      std::fill(all_.own.data() + i * stride + rows_->count(), all_.own.data() + (i + 1) * stride, T(0));
    }
    all_.view = {all_.own.data(), stride, true};
  }
  return all_;
}

template <class T>
void CpuSvm<T>::set_problems(std::span<const compute::SvmProblem> problems) {
  problems_.clear();
  problems_.reserve(problems.size());
  for (const compute::SvmProblem& problem : problems) {
    problems_.push_back({problem.rows, problem.linear, Smo<T>(problem), {}});
    Problem& own = problems_.back();
    for (std::int64_t v = 0; v < own.smo.count(); ++v) {
      own.smo.set_diagonal(v, static_cast<double>(diagonal(problem.rows[static_cast<std::size_t>(v)])));
    }
    const auto zero = [](double b) { return b == 0; };
    if (!std::all_of(problem.start.begin(), problem.start.end(), zero)) refresh_one(own);
  }
}

template <class T>
typename CpuSvm<T>::Square CpuSvm<T>::square_of(std::span<const std::int64_t> rows) const {
  Square square;
  const std::int64_t stride = padded(std::ssize(rows));
  square.own.assign(rows.size() * static_cast<std::size_t>(stride), T(0));
  kernel_block(kernel_, *rows_, rows, *rows_, rows, square.own.data(), stride, threads_);
  square.view = {square.own.data(), stride, true};
  return square;
}

template <class T>
void CpuSvm<T>::add_to_gradients(Problem& problem, std::span<const std::int64_t> rows,
                                 const std::vector<double>& weights) const {
  const std::int64_t end = std::ssize(rows);
  Matrix<double> sums(problem.smo.count(), 1);
  kernel_sums(kernel_, *rows_, std::span<const std::int64_t>(problem.rows), *rows_, rows, std::span(&end, 1),
              MatrixView<const double>(weights.data(), 1, end), sums.view(), threads_);
  for (std::int64_t v = 0; v < problem.smo.count(); ++v) problem.smo.add_to_gradient(v, sums(v, 0));
}

template <class T>
compute::SvmState CpuSvm<T>::run_alone(Problem& problem, std::int64_t most) {
  std::vector<std::int64_t> rows = problem.rows;
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  if (!fits(std::ssize(rows))) return run_in_two_levels(problem, most);
  std::vector<std::int64_t> places;
  for (const std::int64_t row : problem.rows) {
    places.push_back(std::lower_bound(rows.begin(), rows.end(), row) - rows.begin());
  }
  return run_all(problem.smo, square_of(rows).view, places, most);
}

template <class T>
compute::SvmState CpuSvm<T>::run_all(Smo<T>& smo, const KernelSquare<T>& square, std::span<const std::int64_t> places,
                                     std::int64_t most) const {
  return plan_.shrinking ? run_active<T>(smo, square, places, plan_.tol, most)
                         : run_whole<T>(smo, square, places, plan_.tol, most);
}

template <class T>
void CpuSvm<T>::choose_working_set(Problem& problem) const {
  std::vector<std::int64_t>& set = problem.at_work;
  const std::int64_t kept = std::min<std::int64_t>(std::ssize(set), kWorkingSet / 2);
  set.erase(set.begin(), set.end() - kept);
  const std::vector<std::int64_t> added = problem.smo.steepest(kWorkingSet - kept, set);
  set.insert(set.end(), added.begin(), added.end());
}

template <class T>
compute::SvmState CpuSvm<T>::run_in_two_levels(Problem& problem, std::int64_t most) {
  // The inner steps end when little of what the working set could gain is left: gradients of others have moved since.
  constexpr double kLeft = 0.1;
  const double before = problem.smo.violation();
  choose_working_set(problem);
  std::vector<std::int64_t> variables = problem.at_work;
  std::sort(variables.begin(), variables.end());
  std::vector<std::int64_t> rows;
  rows.reserve(variables.size());
  for (const std::int64_t v : variables) rows.push_back(problem.rows[static_cast<std::size_t>(v)]);
  Smo<T> part = problem.smo.part(variables);
  compute::SvmState state = run_whole<T>(part, square_of(rows).view, numbers_below(std::ssize(rows)),
                                         std::max(plan_.tol, kLeft * before), most);
  std::vector<std::int64_t> moved;
  std::vector<double> by;
  for (std::int64_t k = 0; k < part.count(); ++k) {
    const std::int64_t v = variables[static_cast<std::size_t>(k)];
    if (part.b(k) == problem.smo.b(v)) continue;
    moved.push_back(rows[static_cast<std::size_t>(k)]);
    by.push_back(part.b(k) - problem.smo.b(v));
    problem.smo.set_b(v, part.b(k));
  }
  add_to_gradients(problem, moved, by);
  state.violation = problem.smo.violation();
  return state;
}

template <class T>
std::vector<compute::SvmState> CpuSvm<T>::run(std::span<const std::int64_t> listed,
                                              std::span<const std::int64_t> most_steps) {
  std::vector<compute::SvmState> states(listed.size());
  const auto problem = [&](std::size_t k) -> Problem& { return problems_[static_cast<std::size_t>(listed[k])]; };
  if (precomputed() || fits(rows_->count())) {
    const Square& square = all_values();
    for_each_chunk(threads_, std::ssize(listed), [&](std::int64_t k, int) {
      const auto at = static_cast<std::size_t>(k);
      states[at] = run_all(problem(at).smo, square.view, problem(at).rows, most_steps[at]);
    });
  } else {
    for (std::size_t k = 0; k < listed.size(); ++k) states[k] = run_alone(problem(k), most_steps[k]);
  }
  return states;
}

template <class T>
void CpuSvm<T>::refresh_one(Problem& problem) {
  std::vector<std::int64_t> rows;
  std::vector<double> b;
  for (std::int64_t v = 0; v < problem.smo.count(); ++v) {
    problem.smo.set_gradient(v, problem.linear[static_cast<std::size_t>(v)]);
    if (problem.smo.b(v) == 0) continue;
    rows.push_back(problem.rows[static_cast<std::size_t>(v)]);
    b.push_back(problem.smo.b(v));
  }
  if (all_.view.values != nullptr) {
    std::vector<double> sums(problem.rows.size());
    add_weighted_rows<T>(all_.view, rows, b, problem.rows, sums);
    for (std::int64_t v = 0; v < problem.smo.count(); ++v) {
      problem.smo.add_to_gradient(v, sums[static_cast<std::size_t>(v)]);
    }
    return;
  }
  add_to_gradients(problem, rows, b);
}

template <class T>
std::vector<compute::SvmState> CpuSvm<T>::refresh(std::span<const std::int64_t> listed) {
  std::vector<compute::SvmState> states(listed.size());
  const int outer = all_.view.values != nullptr ? threads_ : 1;
  for_each_chunk(outer, std::ssize(listed), [&](std::int64_t k, int) {
    Problem& problem = problems_[static_cast<std::size_t>(listed[static_cast<std::size_t>(k)])];
    refresh_one(problem);
    states[static_cast<std::size_t>(k)].violation = problem.smo.violation();
  });
  return states;
}

template <class T>
compute::SvmSolution CpuSvm<T>::solution(std::int64_t problem) {
  const Problem& own = problems_[static_cast<std::size_t>(problem)];
  compute::SvmSolution found;
  for (std::int64_t v = 0; v < own.smo.count(); ++v) {
    found.b.push_back(own.smo.b(v));
    found.gradient.push_back(own.smo.gradient(v));
  }
  return found;
}

template class CpuSvm<float>;
template class CpuSvm<double>;

}  // namespace forja::cpu

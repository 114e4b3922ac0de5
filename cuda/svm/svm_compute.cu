#include "svm/svm_compute.h"

#include <algorithm>

#include "runtime/device_rows.h"
#include "runtime/launch.h"
#include "svm/kernel_tiles.cuh"
#include "svm/smo_kernels.cuh"

namespace forja::cuda {
namespace {

unsigned tiles(std::int64_t count) { return static_cast<unsigned>((count + kSvmTile - 1) / kSvmTile); }

}  // namespace

template <class T>
struct CudaSvm<T>::Sets {
  Sets(const Context& context, std::int64_t count)
      : rows(context, count * kWorkingSet),
        kernel(context, count * kWorkingSet * kWorkingSet),
        moved_rows(context, count * kWorkingSet),
        moved_by(context, count * kWorkingSet),
        moved(context, count),
        states(context, count),
        tasks(context, count),
        fills(context, count),
        sums(context, count) {}

  DeviceBuffer<std::int64_t> rows;
  DeviceBuffer<T> kernel;
  DeviceBuffer<std::int64_t> moved_rows;
  DeviceBuffer<double> moved_by;
  DeviceBuffer<std::int64_t> moved;
  DeviceBuffer<RoundState> states;
  DeviceBuffer<RoundTask<T>> tasks;
  DeviceBuffer<FillTask<T>> fills;
  DeviceBuffer<SumTask> sums;
};

template <class T>
CudaSvm<T>::CudaSvm(int device, const Rows<T>& x, const formulas::KernelFunction<T>& kernel,
                    const compute::SvmPlan& plan)
    : context_(device), kernel_(kernel), plan_(plan) {
  const T* dense = dense_rows(context_, x, given_);
  const DeviceBuffer<T> shift = kernel_shift(context_, kernel, dense, row_count(x), column_count(x));
  rows_ = KernelRows<T>(context_, dense, row_count(x), column_count(x), shift);
  if (shift.size() > 0) given_ = DeviceBuffer<T>();
  context_.synchronize();  // x may be gone afterwards
}

template <class T>
VariablesView CudaSvm<T>::variables(std::int64_t problem) {
  const Place& place = places_[static_cast<std::size_t>(problem)];
  return {row_.data() + place.first,
          linear_.data() + place.first,
          lower_.data() + place.first,
          upper_.data() + place.first,
          b_.data() + place.first,
          gradient_.data() + place.first,
          slope_.data() + place.first,
          at_work_.data() + place.first,
          place.count,
          place.first_group,
          place.epsilon};
}

template <class T>
void CudaSvm<T>::set_problems(std::span<const compute::SvmProblem> problems) {
  std::vector<Place> places;
  std::vector<std::int64_t> row;
  std::vector<double> linear;
  std::vector<double> lower;
  std::vector<double> upper;
  std::vector<double> b;
  for (const compute::SvmProblem& problem : problems) {
    places.push_back({std::ssize(row), std::ssize(problem.rows), problem.first_group, problem.epsilon});
    row.insert(row.end(), problem.rows.begin(), problem.rows.end());
    linear.insert(linear.end(), problem.linear.begin(), problem.linear.end());
    lower.insert(lower.end(), problem.lower.begin(), problem.lower.end());
    upper.insert(upper.end(), problem.upper.begin(), problem.upper.end());
    b.insert(b.end(), problem.start.begin(), problem.start.end());
    b.resize(row.size());
  }
  const std::int64_t all = std::ssize(row);
  const std::int64_t count = std::ssize(places);
  row_ = DeviceBuffer<std::int64_t>(context_, all);
  for (DeviceBuffer<double>* numbers : {&linear_, &lower_, &upper_, &b_, &gradient_, &slope_}) {
    *numbers = DeviceBuffer<double>(context_, all);
  }
  at_work_ = DeviceBuffer<std::int32_t>(context_, all);
  set_variables_ = DeviceBuffer<std::int32_t>(context_, count * kWorkingSet);
  set_sizes_ = DeviceBuffer<std::int64_t>(context_, count);
  row_.upload(row);
  linear_.upload(linear);
  lower_.upload(lower);
  upper_.upload(upper);
  b_.upload(b);
  gradient_.upload(linear);
  at_work_.fill_bytes(0);
  set_sizes_.fill_bytes(0);
  context_.synchronize();
  places_ = std::move(places);
  host_linear_ = std::move(linear);
  for (std::int64_t p = 0; p < count; ++p) {
    const Place& place = places_[static_cast<std::size_t>(p)];
    const auto first = b.begin() + place.first;
    if (std::any_of(first, first + place.count, [](double start) { return start != 0; })) refresh_one(p);
  }
}

template <class T>
void CudaSvm<T>::run_together(std::span<const std::int64_t> listed, std::span<const std::int64_t> most_steps,
                              std::span<compute::SvmState> states) {
  const std::int64_t count = std::ssize(listed);
  Sets sets(context_, count);
  std::vector<RoundTask<T>> tasks;
  std::vector<FillTask<T>> fills;
  std::vector<SumTask> sums;
  std::int64_t most = 0;
  for (std::int64_t k = 0; k < count; ++k) {
    const std::int64_t problem = listed[static_cast<std::size_t>(k)];
    const VariablesView own = variables(problem);
    most = std::max(most, own.count);
    const WorkingSetView<T> work{set_variables_.data() + problem * kWorkingSet,
                                 sets.rows.data() + k * kWorkingSet,
                                 set_sizes_.data() + problem,
                                 sets.kernel.data() + k * kWorkingSet * kWorkingSet,
                                 sets.moved_rows.data() + k * kWorkingSet,
                                 sets.moved_by.data() + k * kWorkingSet,
                                 sets.moved.data() + k};
    tasks.push_back({own, work, sets.states.data() + k, most_steps[static_cast<std::size_t>(k)]});
    fills.push_back({{work.rows, 0, work.rows, work.size, 1}, work.kernel, kWorkingSet, true});
    sums.push_back({{own.row, own.count, work.moved_rows, work.moved, 1}, work.moved_by, kWorkingSet, 1, own.gradient});
  }
  sets.tasks.upload(tasks);
  sets.fills.upload(fills);
  sets.sums.upload(sums);
  const auto problems = static_cast<unsigned>(count);
  const std::int64_t largest = std::min<std::int64_t>(most, kWorkingSet);
  const KernelRowsView<T> rows = rows_.view();
  launch(select_working_sets<T>, dim3(problems), dim3(kSelectThreads), 0, context_.stream(), sets.tasks.data());
  launch(fill_kernels<T>, dim3(tiles(largest), tiles(largest), problems), dim3(kSvmThreads), 0, context_.stream(), rows,
         rows, kernel_, sets.fills.data());
  launch(step_pairs<T>, dim3(problems), dim3(static_cast<unsigned>((largest + kWarp - 1) / kWarp * kWarp)), 0,
         context_.stream(), sets.tasks.data(), plan_.tol);
  launch(sum_kernels<T>, dim3(tiles(most), problems), dim3(kSvmThreads), 0, context_.stream(), rows, rows, kernel_,
         sets.sums.data());
  launch(measure_violations<T>, dim3(problems), dim3(kSelectThreads), 0, context_.stream(), sets.tasks.data());
  std::vector<RoundState> found(static_cast<std::size_t>(count));
  sets.states.download(found);
  for (std::size_t k = 0; k < found.size(); ++k) states[k] = {found[k].violation, found[k].steps};
}

template <class T>
std::vector<compute::SvmState> CudaSvm<T>::run(std::span<const std::int64_t> listed,
                                               std::span<const std::int64_t> most_steps) {
  constexpr std::int64_t kSetBytes = std::int64_t{kWorkingSet} * kWorkingSet * static_cast<std::int64_t>(sizeof(T));
  constexpr std::int64_t kMostTogether = 4096;  // of the grid's 65,535 in z
  const std::int64_t together = std::clamp<std::int64_t>(plan_.cache_bytes / kSetBytes, 1, kMostTogether);
  std::vector<compute::SvmState> states(listed.size());
  for (std::int64_t first = 0; first < std::ssize(listed); first += together) {
    const auto from = static_cast<std::size_t>(first);
    const auto size = static_cast<std::size_t>(std::min(together, std::ssize(listed) - first));
    run_together(listed.subspan(from, size), most_steps.subspan(from, size), std::span(states).subspan(from, size));
  }
  return states;
}

template <class T>
void CudaSvm<T>::refresh_one(std::int64_t problem) {
  const Place& place = places_[static_cast<std::size_t>(problem)];
  const VariablesView own = variables(problem);
  std::vector<double> b(static_cast<std::size_t>(place.count));
  std::vector<std::int64_t> row(b.size());
  b_.download(b.data(), place.count, place.first);
  row_.download(row.data(), place.count, place.first);
  std::vector<std::int64_t> support;
  std::vector<double> weights;
  for (std::size_t v = 0; v < b.size(); ++v) {
    if (b[v] == 0) continue;
    support.push_back(row[v]);
    weights.push_back(b[v]);
  }
  const std::int64_t count = std::ssize(support);
  gradient_.upload(host_linear_.data() + place.first, place.count, place.first);
  DeviceBuffer<std::int64_t> rows(context_, count);
  DeviceBuffer<double> factors(context_, count);
  DeviceBuffer<std::int64_t> ends(context_, 1);
  DeviceBuffer<SumTask> task(context_, 1);
  rows.upload(support);
  factors.upload(weights);
  ends.upload(&count, 1);
  const SumTask sums{{own.row, own.count, rows.data(), ends.data(), 1}, factors.data(), count, 1, own.gradient};
  task.upload(&sums, 1);
  const KernelRowsView<T> all = rows_.view();
  launch(sum_kernels<T>, dim3(tiles(own.count), 1), dim3(kSvmThreads), 0, context_.stream(), all, all, kernel_,
         task.data());
}

template <class T>
std::vector<compute::SvmState> CudaSvm<T>::refresh(std::span<const std::int64_t> listed) {
  std::vector<compute::SvmState> states(listed.size());
  if (listed.empty()) return states;
  DeviceBuffer<RoundState> found(context_, std::ssize(listed));
  DeviceBuffer<RoundTask<T>> tasks(context_, std::ssize(listed));
  std::vector<RoundTask<T>> host;
  for (std::size_t k = 0; k < listed.size(); ++k) {
    refresh_one(listed[k]);
    host.push_back({variables(listed[k]), {}, found.data() + k, 0});
  }
  tasks.upload(host);
  found.fill_bytes(0);
  launch(measure_violations<T>, dim3(static_cast<unsigned>(listed.size())), dim3(kSelectThreads), 0, context_.stream(),
         tasks.data());
  std::vector<RoundState> violations(listed.size());
  found.download(violations);
  for (std::size_t k = 0; k < listed.size(); ++k) states[k].violation = violations[k].violation;
  return states;
}

template <class T>
compute::SvmSolution CudaSvm<T>::solution(std::int64_t problem) {
  const Place& place = places_[static_cast<std::size_t>(problem)];
  compute::SvmSolution found;
  found.b.resize(static_cast<std::size_t>(place.count));
  found.gradient.resize(found.b.size());
  b_.download(found.b.data(), place.count, place.first);
  gradient_.download(found.gradient.data(), place.count, place.first);
  return found;
}

template class CudaSvm<float>;
template class CudaSvm<double>;

}  // namespace forja::cuda

#include "svm/svm_compute.h"

#include <algorithm>

#include "runtime/device_rows.h"
#include "runtime/launch.h"
#include "svm/kernel_tiles.cuh"
#include "svm/smo_kernels.cuh"

namespace forja::cuda {
namespace {

unsigned tiles(std::int64_t count) { return static_cast<unsigned>((count + kSvmTile - 1) / kSvmTile); }

/// Problems of one launch: of a grid's 65,535 in y and z.
constexpr std::int64_t kMostTogether = 4096;

/// Calls work(first, size) for parts of `count` that have `most` at most.
template <class Work>
void for_each_part(std::int64_t count, std::int64_t most, const Work& work) {
  for (std::int64_t first = 0; first < count; first += most) {
    work(static_cast<std::size_t>(first), static_cast<std::size_t>(std::min(most, count - first)));
  }
}

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
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> row;
  std::vector<double> linear;
  std::vector<double> lower;
  std::vector<double> upper;
  std::vector<double> b;
  for (const compute::SvmProblem& problem : problems) {
    places.push_back({std::ssize(row), std::ssize(problem.rows), problem.first_group, problem.epsilon});
    sizes.push_back(std::ssize(problem.rows));
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
  counts_ = DeviceBuffer<std::int64_t>(context_, count);
  row_.upload(row);
  linear_.upload(linear);
  lower_.upload(lower);
  upper_.upload(upper);
  b_.upload(b);
  gradient_.upload(linear);
  counts_.upload(sizes);
  at_work_.fill_bytes(0);
  set_sizes_.fill_bytes(0);
  context_.synchronize();
  places_ = std::move(places);
  std::vector<std::int64_t> started;
  for (std::int64_t p = 0; p < count; ++p) {
    const auto& start = problems[static_cast<std::size_t>(p)].start;
    if (std::any_of(start.begin(), start.end(), [](double value) { return value != 0; })) started.push_back(p);
  }
  if (!started.empty()) refresh(started);
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
  const std::int64_t together = std::clamp<std::int64_t>(plan_.cache_bytes / kSetBytes, 1, kMostTogether);
  std::vector<compute::SvmState> states(listed.size());
  for_each_part(std::ssize(listed), together, [&](std::size_t first, std::size_t size) {
    run_together(listed.subspan(first, size), most_steps.subspan(first, size), std::span(states).subspan(first, size));
  });
  return states;
}

template <class T>
void CudaSvm<T>::refresh_together(std::span<const std::int64_t> listed, std::span<compute::SvmState> states) {
  const std::int64_t count = std::ssize(listed);
  DeviceBuffer<RoundState> found(context_, count);
  DeviceBuffer<RoundTask<T>> tasks(context_, count);
  DeviceBuffer<SumTask> sums(context_, count);
  std::vector<RoundTask<T>> host_tasks;
  std::vector<SumTask> host_sums;
  std::int64_t most = 0;
  for (std::int64_t k = 0; k < count; ++k) {
    const std::int64_t problem = listed[static_cast<std::size_t>(k)];
    const VariablesView own = variables(problem);
    most = std::max(most, own.count);
    host_tasks.push_back({own, {}, found.data() + k, 0});
    host_sums.push_back(
        {{own.row, own.count, own.row, counts_.data() + problem, 1}, own.b, own.count, 1, own.gradient});
  }
  tasks.upload(host_tasks);
  sums.upload(host_sums);
  found.fill_bytes(0);
  const auto problems = static_cast<unsigned>(count);
  const KernelRowsView<T> rows = rows_.view();
  launch(reset_gradients<T>, dim3(problems), dim3(kSelectThreads), 0, context_.stream(), tasks.data());
  launch(sum_kernels<T>, dim3(tiles(most), problems), dim3(kSvmThreads), 0, context_.stream(), rows, rows, kernel_,
         sums.data());
  launch(measure_violations<T>, dim3(problems), dim3(kSelectThreads), 0, context_.stream(), tasks.data());
  std::vector<RoundState> violations(listed.size());
  found.download(violations);
  for (std::size_t k = 0; k < violations.size(); ++k) states[k].violation = violations[k].violation;
}

template <class T>
std::vector<compute::SvmState> CudaSvm<T>::refresh(std::span<const std::int64_t> listed) {
  std::vector<compute::SvmState> states(listed.size());
  for_each_part(std::ssize(listed), kMostTogether, [&](std::size_t first, std::size_t size) {
    refresh_together(listed.subspan(first, size), std::span(states).subspan(first, size));
  });
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

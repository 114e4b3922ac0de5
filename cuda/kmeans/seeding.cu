#include "kmeans/seeding.h"

#include <type_traits>

#include "kmeans/cluster_kernels.cuh"
#include "kmeans/row_kernels.cuh"
#include "kmeans/seeding_kernels.cuh"
#include "runtime/launch.h"

namespace forja::cuda {
namespace {

/// Candidates of one block.
constexpr int kFewTargets = 4;
constexpr int kManyTargets = 8;

/// Enqueues a draw for each u; the rows stay on the device.
template <class T>
DeviceBuffer<std::int64_t> enqueue_draws(const Context& context, const DrawTask<T>& task, std::span<const double> u) {
  DeviceBuffer<double> goals(context, std::ssize(u));
  DeviceBuffer<std::int64_t> drawn(context, std::ssize(u));
  goals.upload(u);
  launch(draw_rows_at<T>, blocks(std::ssize(u)), kBlock, 0, context.stream(), task, goals.data(), drawn.data());
  return drawn;
}

template <class T>
void copy_on_device(const Context& context, const T* from, T* to, std::int64_t count) {
  FORJA_CUDA_CHECK(cudaMemcpyAsync(to, from, static_cast<std::size_t>(count) * sizeof(T), cudaMemcpyDeviceToDevice,
                                   context.stream()));
}

}  // namespace

template <class T>
void Seeding<T>::begin() {
  accepted_ = false;
}

template <class T>
void Seeding<T>::make_room(const Context& context, std::int64_t count, std::int64_t n) {
  if (trial_masses_.size() >= count * row_blocks(n)) return;
  trials_ = {};
  trial_masses_ = {};
  trial_masses_ = DeviceBuffer<double>(context, count * row_blocks(n));
  const std::int64_t fits = memory(context.device()).free / 2 / static_cast<std::int64_t>(sizeof(T));
  if (count <= fits / n) trials_ = DeviceBuffer<T>(context, count * n);
}

template <class T>
void Seeding<T>::measure(const Context& context, TrainingRows<T>& rows, const T* candidates, std::int64_t count,
                         const TrialsView<T>& trials) {
  const auto go = [&]<int kTargets>(std::integral_constant<int, kTargets>) {
    const auto groups = static_cast<unsigned>((count + kTargets - 1) / kTargets);
    rows.for_each_block([&](const RowsView<T>& block, std::int64_t first) {
      const dim3 grid(static_cast<unsigned>(row_blocks(block.n)), groups);
      launch(try_candidates<T, kTargets>, grid, kBlock, 0, context.stream(), block, candidates, count,
             accepted_ ? least_.data() + first : nullptr, trials.from(first));
    });
  };
  // Rows are read once for each group of candidates; what a group lacks is computed in vain.
  if (count <= kFewTargets) {
    go(std::integral_constant<int, kFewTargets>());
  } else {
    go(std::integral_constant<int, kManyTargets>());
  }
}

template <class T>
std::vector<compute::SeedCandidate> Seeding<T>::candidates(const Context& context, TrainingRows<T>& rows,
                                                           std::span<const double> u) {
  const std::int64_t count = std::ssize(u);
  if (count == 0) return {};
  const std::int64_t chunks = row_blocks(rows.rows());
  make_room(context, count, rows.rows());
  const DrawTask<T> task{rows.without_entries(), accepted_ ? least_.data() : nullptr,
                         accepted_ ? chunk_masses_.data() : nullptr, rows.chunk_weights(), chunks};
  const DeviceBuffer<std::int64_t> drawn = enqueue_draws(context, task, u);
  {
    const PickedRows<T> picked = rows.pick(drawn);
    candidates_ = {};
    candidates_ = DeviceBuffer<T>(context, count * rows.columns());
    launch(centre_rows<T>, blocks(count), kBlock, 0, context.stream(), picked.view, candidates_.data());
  }
  measure(context, rows, candidates_.data(), count,
          {trials_.size() > 0 ? trials_.data() : nullptr, trial_masses_.data(), rows.rows(), chunks});
  DeviceBuffer<compute::SeedCandidate> on_device(context, count);
  launch(sum_candidates, blocks(count), dim3(kSumThreads), 0, context.stream(), drawn.data(), trial_masses_.data(),
         chunks, rows.centring().square_unit(), on_device.data());
  std::vector<compute::SeedCandidate> found(u.size());
  on_device.download(found);
  return found;
}

template <class T>
void Seeding<T>::accept(const Context& context, TrainingRows<T>& rows, std::int64_t index) {
  const std::int64_t chunks = row_blocks(rows.rows());
  if (least_.size() == 0) {
    least_ = DeviceBuffer<T>(context, rows.rows());
    chunk_masses_ = DeviceBuffer<double>(context, chunks);
  }
  if (trials_.size() > 0) {
    copy_on_device(context, trials_.data() + index * rows.rows(), least_.data(), rows.rows());
    copy_on_device(context, trial_masses_.data() + index * chunks, chunk_masses_.data(), chunks);
  } else {
    measure(context, rows, candidates_.data() + index * rows.columns(), 1,
            {least_.data(), chunk_masses_.data(), rows.rows(), chunks});
  }
  accepted_ = true;
}

template <class T>
std::vector<std::int64_t> Seeding<T>::draw(const Context& context, TrainingRows<T>& rows, std::span<const double> u) {
  if (u.empty()) return {};
  const DrawTask<T> task{rows.without_entries(), nullptr, nullptr, rows.chunk_weights(), row_blocks(rows.rows())};
  std::vector<std::int64_t> chosen(u.size());
  enqueue_draws(context, task, u).download(chosen);
  return chosen;
}

template class Seeding<float>;
template class Seeding<double>;

}  // namespace forja::cuda

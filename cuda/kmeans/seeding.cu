#include "kmeans/seeding.h"

#include "kmeans/cluster_kernels.cuh"
#include "kmeans/row_kernels.cuh"
#include "kmeans/seeding_kernels.cuh"
#include "runtime/launch.h"

namespace forja::cuda {
namespace {

/// Enqueues a draw for each u; the rows stay on the device.
template <class T>
DeviceBuffer<std::int64_t> enqueue_draws(const Context& context, const DrawTask<T>& task, std::span<const double> u) {
  DeviceBuffer<double> goals(context, std::ssize(u));
  DeviceBuffer<std::int64_t> drawn(context, std::ssize(u));
  goals.upload(u);
  launch(draw_rows_at<T>, dim3(static_cast<unsigned>(u.size())), dim3(kRowBlock), 0, context.stream(), task,
         goals.data(), drawn.data());
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
std::vector<compute::SeedCandidate> Seeding<T>::candidates(const Context& context, const TrainingRows<T>& rows,
                                                           std::span<const double> u) {
  const std::int64_t count = std::ssize(u);
  if (count == 0) return {};
  const std::int64_t chunks = row_blocks(rows.rows());
  if (trials_.size() < count * rows.rows()) {
    trials_ = DeviceBuffer<T>();
    trials_ = DeviceBuffer<T>(context, count * rows.rows());
    trial_masses_ = DeviceBuffer<double>(context, count * chunks);
  }
  const T* least = accepted_ ? least_.data() : nullptr;
  const DrawTask<T> task{rows.view(), least, accepted_ ? chunk_masses_.data() : nullptr, rows.chunk_weights(), chunks};
  const DeviceBuffer<std::int64_t> drawn = enqueue_draws(context, task, u);
  DeviceBuffer<T> centers(context, count * rows.columns());
  launch(gather_rows<T>, dim3(static_cast<unsigned>(count)), dim3(kRowBlock), 0, context.stream(), rows.view(),
         drawn.data(), false, centers.data());
  const dim3 grid(static_cast<unsigned>(chunks), static_cast<unsigned>((count + kSeedTargets - 1) / kSeedTargets));
  launch(try_candidates<T>, grid, dim3(kRowBlock), 0, context.stream(), rows.view(), centers.data(), count, least,
         trials_.data(), trial_masses_.data());
  DeviceBuffer<double> potentials(context, count);
  for (std::int64_t t = 0; t < count; ++t) {
    launch(sum_numbers<double>, dim3(1), dim3(kRowBlock), 0, context.stream(), trial_masses_.data() + t * chunks,
           chunks, potentials.data() + t);
  }
  std::vector<std::int64_t> chosen(u.size());
  std::vector<double> sums(u.size());
  drawn.download(chosen);
  potentials.download(sums);
  std::vector<compute::SeedCandidate> found;
  for (std::size_t t = 0; t < u.size(); ++t) found.push_back({chosen[t], sums[t] * rows.centring().square_unit()});
  return found;
}

template <class T>
void Seeding<T>::accept(const Context& context, const TrainingRows<T>& rows, std::int64_t index) {
  const std::int64_t chunks = row_blocks(rows.rows());
  if (least_.size() == 0) {
    least_ = DeviceBuffer<T>(context, rows.rows());
    chunk_masses_ = DeviceBuffer<double>(context, chunks);
  }
  copy_on_device(context, trials_.data() + index * rows.rows(), least_.data(), rows.rows());
  copy_on_device(context, trial_masses_.data() + index * chunks, chunk_masses_.data(), chunks);
  accepted_ = true;
}

template <class T>
std::vector<std::int64_t> Seeding<T>::draw(const Context& context, const TrainingRows<T>& rows,
                                           std::span<const double> u) {
  if (u.empty()) return {};
  const DrawTask<T> task{rows.view(), nullptr, nullptr, rows.chunk_weights(), row_blocks(rows.rows())};
  std::vector<std::int64_t> chosen(u.size());
  enqueue_draws(context, task, u).download(chosen);
  return chosen;
}

template class Seeding<float>;
template class Seeding<double>;

}  // namespace forja::cuda

#include "kmeans/kmeans_compute.h"

#include <algorithm>
#include <cmath>

#include "kmeans/cluster_kernels.cuh"
#include "kmeans/cluster_sums.h"
#include "kmeans/farthest.h"
#include "kmeans/row_kernels.cuh"
#include "runtime/launch.h"

namespace forja::cuda {
namespace {

/// Moves as two lists, as copies to the device want them.
struct Moves {
  explicit Moves(std::span<const compute::RowToCluster> moves) {
    for (const compute::RowToCluster& move : moves) {
      rows.push_back(move.row);
      clusters.push_back(move.cluster);
    }
  }

  std::vector<std::int64_t> rows;
  std::vector<std::int32_t> clusters;
};

}  // namespace

template <class T>
CudaKMeans<T>::CudaKMeans(int device, const Rows<T>& x, std::span<const T> sample_weight)
    : lent_(x.on_device() != nullptr ? x.on_device()->handle() : nullptr),
      context_(device),
      rows_(context_, x, sample_weight) {
  labels_ = DeviceBuffer<std::int32_t>(context_, rows());
  fresh_ = DeviceBuffer<std::int32_t>(context_, rows());
  counters_ = DeviceBuffer<unsigned long long>(context_, 3);
  host_counters_ = PinnedBuffer<unsigned long long>(2);
}

template <class T>
CudaKMeans<T>::~CudaKMeans() {
  // Pinned memory must outlast the copies into it.
  if (cudaStreamSynchronize(context_.stream()) != cudaSuccess) (void)cudaGetLastError();
}

template <class T>
std::vector<compute::SeedCandidate> CudaKMeans<T>::seed_candidates(std::span<const double> u) {
  return seeding_.candidates(context_, rows_, u);
}

template <class T>
void CudaKMeans<T>::seed_accept(std::int64_t index) {
  seeding_.accept(context_, rows_, index);
}

template <class T>
std::vector<std::int64_t> CudaKMeans<T>::draw_rows(std::span<const double> u) {
  return Seeding<T>::draw(context_, rows_, u);
}

template <class T>
void CudaKMeans<T>::start(std::int64_t k) {
  seeding_.drop_trials();
  bounds_.forget();
  if (k != centers_.count()) {
    const std::int64_t d = columns();
    centers_ = {};
    proposed_ = {};
    Centers<T> current(context_, k, d);
    proposed_ = Centers<T>(context_, k, d);
    sums_ = DeviceBuffer<unsigned long long>(context_, k * d + k);
    batch_sums_ = {};
    records_ = DeviceBuffer<ClusterRecord>(context_, k + 1);
    counts_ = DeviceBuffer<double>(context_, k);
    host_records_ = PinnedBuffer<ClusterRecord>(k + 1);
    centers_ = std::move(current);
  }
  labels_.fill_bytes(0xFF);
  sums_.fill_bytes(0);
  counts_.fill_bytes(0);
}

template <class T>
void CudaKMeans<T>::set_centers(MatrixView<const double> centers) {
  start(centers.rows());
  centers_.upload(context_, centers, rows_.centring());
}

template <class T>
void CudaKMeans<T>::set_centers_from_rows(std::span<const std::int64_t> rows) {
  start(std::ssize(rows));
  const PickedRows<T> picked = rows_.pick(rows);
  launch(centre_rows<T>, blocks(picked.view.n), kBlock, 0, context_.stream(), picked.view, centers_.values());
  centers_.measure(context_);
}

template <class T>
void CudaKMeans<T>::propose(unsigned long long* sums, double* counts, ClusterRecord* sum) {
  const std::int64_t k = centers_.count();
  const SumsView view{sums, sums + k * columns()};
  launch(propose_centers<T>, blocks(k), kBlock, 0, context_.stream(), centers_.view(), rows_.fixed_point(), view,
         counts, proposed_.values(), proposed_.squares(), records_.data());
  launch(sum_records<T>, blocks(1), kBlock, 0, context_.stream(), records_.data(), proposed_.squares(), k, sum,
         proposed_.largest_norm());
}

template <class T>
compute::KMeansPass CudaKMeans<T>::assign() {
  const std::int64_t k = centers_.count();
  const SumsView sums{sums_.data(), sums_.data() + k * columns()};
  counters_.fill_bytes(0);
  bounds_.begin_pass(context_, rows(), centers_.view());
  rows_.for_each_block([&](const RowsView<T>& rows, std::int64_t first) {
    NearestTask<T> task{.rows = rows,
                        .centers = centers_.view(),
                        .norms = rows_.norms() + first,
                        .slots = rows.n,
                        .labels = fresh_.data() + first};
    bounds_.narrow(context_, first, labels_.data() + first, counters_.data() + 1, task);
    find_nearest(context_, task);
    add_to_clusters(context_, task, rows_.fixed_point(), labels_.data() + first, sums, counters_.data());
  });
  bounds_.end_blocks();
  propose(sums_.data(), nullptr, records_.data() + k);
  records_.download_async(host_records_.data(), k + 1);
  counters_.download_async(host_counters_.data(), 2);
  context_.synchronize();
  bounds_.end_pass();
  compute::KMeansPass pass;
  pass.inertia = std::max(0.0, rows_.total_square() + host_records_[k].cost) * square_unit();
  pass.shift = host_records_[k].shift * square_unit();
  pass.changed = static_cast<std::int64_t>(host_counters_[0]);
  pass.recomputed = bounds_.leave_out() ? static_cast<std::int64_t>(host_counters_[1]) : rows();
  for (std::int64_t c = 0; c < k; ++c) {
    if (host_records_[c].weight == 0) pass.empty.push_back(static_cast<std::int32_t>(c));
  }
  return pass;
}

template <class T>
void CudaKMeans<T>::measure_distances(double* distances, double* chunk_sums) {
  rows_.for_each_block([&](const RowsView<T>& rows, std::int64_t first) {
    launch(measure_own_distances<T>, blocks(row_blocks(rows.n)), kBlock, 0, context_.stream(), rows, centers_.view(),
           labels_.data() + first, distances == nullptr ? nullptr : distances + first, chunk_sums + first / kRowBlock);
  });
}

template <class T>
std::vector<compute::FarRow> CudaKMeans<T>::farthest_rows(std::int64_t count) {
  if (count == 0) return {};
  DeviceBuffer<double> distances(context_, rows());
  DeviceBuffer<double> chunk_sums(context_, row_blocks(rows()));
  measure_distances(distances.data(), chunk_sums.data());
  std::vector<compute::FarRow> result = farthest(context_, distances, count);
  for (compute::FarRow& far : result) far.distance *= square_unit();
  return result;
}

template <class T>
double CudaKMeans<T>::relabel(std::span<const compute::RowToCluster> moves) {
  const std::int64_t k = centers_.count();
  const Moves lists(moves);
  const PickedRows<T> picked = rows_.pick(lists.rows);
  const DeviceBuffer<std::int64_t> moved = to_device(context_, lists.rows);
  const DeviceBuffer<std::int32_t> clusters = to_device(context_, lists.clusters);
  const SumsView sums{sums_.data(), sums_.data() + k * columns()};
  launch(move_given_rows<T>, blocks(1), kBlock, 0, context_.stream(), picked.view, rows_.fixed_point(), moved.data(),
         clusters.data(), labels_.data(), sums);
  bounds_.forget_rows(context_, moved);
  propose(sums_.data(), nullptr, records_.data() + k);
  ClusterRecord sum{};
  records_.download(&sum, 1, k);
  return sum.shift * square_unit();
}

template <class T>
void CudaKMeans<T>::update() {
  bounds_.centers_moved(context_, records_.data());
  std::swap(centers_, proposed_);
}

template <class T>
double CudaKMeans<T>::inertia() {
  const std::int64_t chunks = row_blocks(rows());
  DeviceBuffer<double> chunk_sums(context_, chunks);
  DeviceBuffer<double> sum(context_, 1);
  measure_distances(nullptr, chunk_sums.data());
  launch(sum_numbers<double>, blocks(1), dim3(kSumThreads), 0, context_.stream(), chunk_sums.data(), chunks,
         sum.data());
  double result = 0;
  sum.download(&result, 1);
  return result * square_unit();
}

template <class T>
std::vector<std::int32_t> CudaKMeans<T>::labels() {
  std::vector<std::int32_t> result(static_cast<std::size_t>(rows()));
  labels_.download(result);
  return result;
}

template <class T>
std::vector<double> CudaKMeans<T>::counts() {
  std::vector<double> result(static_cast<std::size_t>(centers_.count()));
  counts_.download(result);
  return result;
}

template <class T>
void CudaKMeans<T>::enqueue_batch_step(std::uint64_t seed, std::int64_t step, std::int64_t batch_size, double* square,
                                       ClusterRecord* sum) {
  const SumsView sums{batch_sums_.data(), batch_sums_.data() + centers_.count() * columns()};
  const auto add = [&](const BatchPart<T>& part) {
    const NearestTask<T> task{.rows = part.rows,
                              .centers = centers_.view(),
                              .norms = part.norms,
                              .index = part.index,
                              .slots = part.slots,
                              .labels = fresh_.data()};
    find_nearest(context_, task);
    add_to_clusters(context_, task, rows_.fixed_point(), nullptr, sums, nullptr);
  };
  batch_sums_.fill_bytes(0);
  if (batch_size > 0) {
    batch_.for_each_part(context_, rows_, seed, step, square, add);
  } else {
    rows_.for_each_block([&](const RowsView<T>& rows, std::int64_t first) {
      add({rows, rows_.norms() + first, nullptr, rows.n});
    });
  }
  propose(batch_sums_.data(), counts_.data(), sum);
  update();
}

template <class T>
std::vector<compute::BatchStep> CudaKMeans<T>::batch_steps(std::uint64_t seed, std::int64_t first, std::int64_t steps,
                                                           std::int64_t batch_size) {
  if (steps == 0) return {};
  const std::int64_t sums = centers_.count() * (columns() + 1);
  if (batch_sums_.size() != sums) batch_sums_ = DeviceBuffer<unsigned long long>(context_, sums);
  if (batch_size > 0) {
    batch_.make_room(context_, batch_size);
    if (fresh_.size() < batch_size) fresh_ = DeviceBuffer<std::int32_t>(context_, batch_size);
  }
  DeviceBuffer<double> squares(context_, steps);
  DeviceBuffer<ClusterRecord> records(context_, steps);
  if (host_step_squares_.size() < steps) {
    host_step_squares_ = PinnedBuffer<double>(steps);
    host_step_records_ = PinnedBuffer<ClusterRecord>(steps);
  }
  for (std::int64_t step = 0; step < steps; ++step) {
    enqueue_batch_step(seed, first + step, batch_size, squares.data() + step, records.data() + step);
  }
  if (batch_size > 0) squares.download_async(host_step_squares_.data(), steps);
  records.download_async(host_step_records_.data(), steps);
  context_.synchronize();
  std::vector<compute::BatchStep> results;
  for (std::int64_t step = 0; step < steps; ++step) {
    const ClusterRecord& record = host_step_records_[step];
    const double square = batch_size > 0 ? host_step_squares_[step] : rows_.total_square();
    results.push_back(
        {std::max(0.0, square + record.cost) * square_unit(), record.weight, record.shift * square_unit()});
  }
  return results;
}

template <class T>
void CudaKMeans<T>::replace_centers(std::span<const compute::RowToCluster> rows, double count) {
  bounds_.forget();
  const Moves lists(rows);
  const PickedRows<T> picked = rows_.pick(lists.rows);
  const DeviceBuffer<std::int32_t> clusters = to_device(context_, lists.clusters);
  launch(put_rows_in_place<T>, blocks(1), kBlock, 0, context_.stream(), picked.view, clusters.data(), count,
         centers_.values(), counts_.data());
  centers_.measure(context_);
}

template <class T>
Matrix<T> CudaKMeans<T>::take_rows(std::span<const std::int64_t> rows) {
  Matrix<T> result(std::ssize(rows), columns());
  rows_.pick(rows).values.download(result.values());
  return result;
}

template class CudaKMeans<float>;
template class CudaKMeans<double>;

}  // namespace forja::cuda

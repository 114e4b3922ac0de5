#include "kmeans/cluster_sums.h"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "kmeans/sum_kernels.cuh"
#include "runtime/launch.h"

namespace forja::cuda {
namespace {

/// How blocks share the sums: each has some columns of all clusters.
struct SumsShape {
  std::int64_t width = 0;  ///< columns of a block; 0: no block has room for all clusters
  std::int64_t bytes = 0;  ///< of shared memory
  dim3 grid;
};

/// Two blocks fit a multiprocessor, and a block gets rows enough to meet each cluster a few times.
SumsShape sums_shape(const Context& context, std::int64_t slots, std::int64_t k, std::int64_t d) {
  constexpr std::int64_t kWidest = kWarp;
  constexpr std::int64_t kNarrowest = 8;  // a sector of floats
  constexpr std::int64_t kRowsOfCluster = 4;
  constexpr std::int64_t kMostSlices = 65535;
  constexpr auto kFixedBytes = static_cast<std::int64_t>(sizeof(MovedRows) + 2048);
  const std::int64_t room = static_cast<std::int64_t>(context.shared_memory_optin()) / 2 - kFixedBytes;
  const auto bytes = [&](std::int64_t width) {
    return k * (width + 1) * static_cast<std::int64_t>(sizeof(std::int64_t));
  };
  std::int64_t width = std::min(kWidest, static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(d))));
  while (width > kNarrowest && bytes(width) > room) width /= 2;
  const std::int64_t slices = (d + width - 1) / width;
  if (bytes(width) > room || slices > kMostSlices || slots < kRowsOfCluster * k) return {};
  const std::int64_t useful = std::min(slots / (kRowsOfCluster * k), (slots + kSumBlock - 1) / kSumBlock);
  const std::int64_t at_once = 2 * context.multiprocessors() / slices;
  return {
      width, bytes(width),
      dim3(static_cast<unsigned>(std::max<std::int64_t>(std::min(useful, at_once), 1)), static_cast<unsigned>(slices))};
}

}  // namespace

template <class T>
void add_to_clusters(const Context& context, const NearestTask<T>& task, const FixedPointView& fixed,
                     std::int32_t* kept, const SumsView& sums, unsigned long long* changed) {
  const SumsShape shape = sums_shape(context, task.slots, task.centers.k, task.rows.d);
  if (shape.width == 0) {
    launch(move_rows<T>, blocks(row_blocks(task.slots)), kBlock, 0, context.stream(), task, fixed, kept, sums);
  } else {
    launch(sum_moved_rows<T>, shape.grid, dim3(kSumBlock), static_cast<std::size_t>(shape.bytes), context.stream(),
           task, fixed, kept, sums, static_cast<int>(shape.width));
  }
  if (kept == nullptr) return;
  launch(keep_labels<T>, blocks(row_blocks(task.slots)), kBlock, 0, context.stream(), task, kept, changed);
}

template void add_to_clusters(const Context&, const NearestTask<float>&, const FixedPointView&, std::int32_t*,
                              const SumsView&, unsigned long long*);
template void add_to_clusters(const Context&, const NearestTask<double>&, const FixedPointView&, std::int32_t*,
                              const SumsView&, unsigned long long*);

}  // namespace forja::cuda

#include "kmeans/farthest.h"

#include <algorithm>
#include <bit>

#include "kmeans/block.cuh"
#include "runtime/launch.h"

namespace forja::cuda {
namespace {

constexpr int kDigitBits = 11;
constexpr int kBins = 1 << kDigitBits;
constexpr int kBinsEach = kBins / kRowBlock;
constexpr int kDistanceBits = 63;  // a distance has no sign
/// Blocks for each multiprocessor: all that it holds at once.
constexpr int kBlocksEach = 16;

/// The first row is the one of greatest key: its distance, then its number from the last row on.
struct Key {
  std::uint64_t distance;
  std::uint64_t row;
};

struct Digit {
  bool of_row;
  int shift;
};

/// The leading digits, so far, of the key of the last row that is taken; the others are 0.
struct Selection {
  Key least;
  unsigned long long wanted;  ///< rows to be taken of those whose key begins with these digits
  bool settled;               ///< all of those are
};

struct SelectionTask {
  const double* distances;
  std::int64_t n;
  Selection* selection;
  unsigned long long* counts;  ///< of the digit's values; 0 before each digit
};

__device__ Key key_of(const SelectionTask& task, std::int64_t row, double distance) {
  return {static_cast<std::uint64_t>(__double_as_longlong(distance)), static_cast<std::uint64_t>(task.n - 1 - row)};
}

__device__ std::uint64_t from(const Digit& digit, const Key& key) {
  return (digit.of_row ? key.row : key.distance) >> digit.shift;
}

/// Whether two keys agree in all digits before this one.
__device__ bool agree_before(const Digit& digit, const Key& a, const Key& b) {
  return (!digit.of_row || a.distance == b.distance) && from(digit, a) / kBins == from(digit, b) / kBins;
}

// Counts the values of a digit among the keys that agree with the selection so far. Floor: n distances (8 bytes) read
// until the selection is settled, which takes 3 or 4 digits where distances differ, 6 and those of the number at most:
// bound by memory.
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce) count_digit(SelectionTask task, Digit digit) {
  FORJA_SHARED(bins, unsigned[kBins]);
  const Selection so_far = *task.selection;
  if (so_far.settled) return;
  for (int bin = static_cast<int>(threadIdx.x); bin < kBins; bin += kRowBlock) bins[bin] = 0;
  __syncthreads();
  const std::int64_t stride = std::int64_t{gridDim.x} * kRowBlock;
  for (std::int64_t row = std::int64_t{blockIdx.x} * kRowBlock + threadIdx.x; row < task.n; row += stride) {
    const double distance = task.distances[row];
    const Key key = key_of(task, row, distance);
    if (!(distance >= 0) || !agree_before(digit, key, so_far.least)) continue;
    atomicAdd(&bins[from(digit, key) % kBins], 1U);
  }
  __syncthreads();
  for (int bin = static_cast<int>(threadIdx.x); bin < kBins; bin += kRowBlock) {
    if (bins[bin] != 0) atomicAdd(&task.counts[bin], static_cast<unsigned long long>(bins[bin]));
  }
}

// One block chooses the digit: the greatest for which enough keys have it or a greater one. Floor: kBins counts read
// and set to 0; bound by latency.
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce) choose_digit(SelectionTask task, Digit digit) {
  FORJA_SHARED(counts, unsigned long long[kBins]);
  FORJA_SHARED(runs, unsigned long long[kRowBlock]);
  Selection chosen = *task.selection;
  if (chosen.settled) return;
  for (int bin = static_cast<int>(threadIdx.x); bin < kBins; bin += kRowBlock) {
    counts[bin] = task.counts[bin];
    task.counts[bin] = 0;
  }
  __syncthreads();
  unsigned long long run = 0;
  for (int i = 0; i < kBinsEach; ++i) run += counts[threadIdx.x * kBinsEach + i];
  runs[threadIdx.x] = run;
  __syncthreads();
  if (threadIdx.x != 0) return;
  unsigned long long above = 0;
  int last = kRowBlock - 1;
  for (; last >= 0 && above + runs[last] < chosen.wanted; --last) above += runs[last];
  if (last < 0) {
    chosen.settled = true;  // fewer than are wanted
  } else {
    int bin = (last + 1) * kBinsEach - 1;
    for (; above + counts[bin] < chosen.wanted; --bin) above += counts[bin];
    (digit.of_row ? chosen.least.row : chosen.least.distance) |= static_cast<std::uint64_t>(bin) << digit.shift;
    chosen.wanted -= above;
    chosen.settled = counts[bin] == chosen.wanted;
  }
  *task.selection = chosen;
}

// A thread per row: those up to the last one that is taken, in any order. Floor: n distances read; bound by memory.
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    collect_selected(SelectionTask task, unsigned long long* filled, compute::FarRow* found) {
  const std::int64_t row = std::int64_t{blockIdx.x} * kRowBlock + threadIdx.x;
  const double distance = row < task.n ? task.distances[row] : -1;
  const Key key = key_of(task, row, distance);
  const Key least = task.selection->least;
  const bool taken =
      distance >= 0 && (key.distance > least.distance || (key.distance == least.distance && key.row >= least.row));
  if (taken) found[atomicAdd(filled, 1ULL)] = {row, distance};
}

}  // namespace

std::vector<compute::FarRow> farthest(const Context& context, const DeviceBuffer<double>& distances,
                                      std::int64_t count) {
  const std::int64_t n = distances.size();
  count = std::min(count, n);
  if (count == 0) return {};
  DeviceBuffer<Selection> selection(context, 1);
  DeviceBuffer<unsigned long long> counts(context, kBins + 1);
  DeviceBuffer<compute::FarRow> on_device(context, count);
  const Selection start{{0, 0}, static_cast<unsigned long long>(count), false};
  selection.upload(&start, 1);
  counts.fill_bytes(0);
  on_device.fill_bytes(0xFF);
  const SelectionTask task{distances.data(), n, selection.data(), counts.data()};
  const std::int64_t searchers = std::min<std::int64_t>(row_blocks(n), kBlocksEach * context.multiprocessors());
  const auto select = [&](bool of_row, int bits) {
    for (int shift = (bits - 1) / kDigitBits * kDigitBits; shift >= 0; shift -= kDigitBits) {
      const Digit digit{of_row, shift};
      launch(count_digit, blocks(searchers), dim3(kRowBlock), 0, context.stream(), task, digit);
      launch(choose_digit, blocks(1), dim3(kRowBlock), 0, context.stream(), task, digit);
    }
  };
  select(false, kDistanceBits);
  select(true, static_cast<int>(std::bit_width(static_cast<std::uint64_t>(n - 1))));
  launch(collect_selected, blocks(row_blocks(n)), dim3(kRowBlock), 0, context.stream(), task, counts.data() + kBins,
         on_device.data());
  std::vector<compute::FarRow> found(static_cast<std::size_t>(count));
  on_device.download(found);
  std::erase_if(found, [](const compute::FarRow& far) { return far.row < 0; });
  std::sort(found.begin(), found.end(), [](const compute::FarRow& a, const compute::FarRow& b) {
    return a.distance > b.distance || (a.distance == b.distance && a.row < b.row);
  });
  return found;
}

}  // namespace forja::cuda

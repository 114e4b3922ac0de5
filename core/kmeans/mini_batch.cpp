#include "kmeans/mini_batch.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "kmeans/random_streams.h"
#include "kmeans/seeding.h"

namespace forja::core {
namespace {

constexpr std::int64_t kPatience = 8;
constexpr std::int64_t kMostStepsPerLook = 64;
constexpr std::int64_t kRowsPerCenter = 10;

void average_in(std::optional<double>& average, double value, double alpha) {
  average = average ? *average * (1 - alpha) + value * alpha : value;
}

}  // namespace

MiniBatchStop::MiniBatchStop(const Rules& rules)
    : rules_(rules),
      alpha_(std::min(1.0, 2.0 * static_cast<double>(rules.batch_size) / (static_cast<double>(rules.rows) + 1))) {}

bool MiniBatchStop::after(const compute::BatchStep& step) {
  if (first_) {
    first_ = false;
    return false;
  }
  if (!(step.weight > 0)) return false;
  average_in(inertia_, step.inertia / step.weight, alpha_);
  average_in(shift_, step.shift, alpha_);
  if (rules_.max_shift > 0 && *shift_ <= rules_.max_shift) return true;
  if (!least_inertia_ || *inertia_ < *least_inertia_) {
    not_improved_ = 0;
    least_inertia_ = inertia_;
  } else {
    ++not_improved_;
  }
  return rules_.max_no_improvement && not_improved_ >= *rules_.max_no_improvement;
}

Reassignment idle_centers(std::span<const double> counts, double ratio, std::int64_t batch_size) {
  Reassignment found;
  const double greatest = *std::max_element(counts.begin(), counts.end());
  if (!(greatest > 0)) return found;
  for (std::size_t j = 0; j < counts.size(); ++j) {
    if (counts[j] == 0 || counts[j] < ratio * greatest) found.centers.push_back(static_cast<std::int32_t>(j));
  }
  const auto count_of = [&](std::int32_t center) { return counts[static_cast<std::size_t>(center)]; };
  const auto most = static_cast<std::size_t>(batch_size / 2);
  if (found.centers.size() > most) {
    std::stable_sort(found.centers.begin(), found.centers.end(),
                     [&](std::int32_t a, std::int32_t b) { return count_of(a) < count_of(b); });
    found.centers.resize(most);
    std::sort(found.centers.begin(), found.centers.end());
  }
  found.count = std::numeric_limits<double>::infinity();
  auto moved = found.centers.begin();
  for (std::size_t j = 0; j < counts.size(); ++j) {
    if (moved != found.centers.end() && static_cast<std::size_t>(*moved) == j) {
      ++moved;
    } else {
      found.count = std::min(found.count, counts[j]);
    }
  }
  return found;
}

bool reassignment_due(std::span<const double> counts, std::int64_t rows_since_last) {
  return rows_since_last >= kRowsPerCenter * std::ssize(counts) ||
         std::find(counts.begin(), counts.end(), 0.0) != counts.end();
}

std::int64_t steps_per_look(std::int64_t k, std::int64_t batch_size, std::int64_t steps_so_far) {
  const std::int64_t least = std::clamp(steps_so_far / kPatience, std::int64_t{1}, kPatience);
  return std::clamp((kRowsPerCenter * k + batch_size - 1) / batch_size, least, kMostStepsPerLook);
}

std::int64_t most_steps(std::int64_t max_iter, std::int64_t n, std::int64_t batch_size) {
  std::int64_t rows = 0;
  if (__builtin_mul_overflow(max_iter, n, &rows)) rows = std::numeric_limits<std::int64_t>::max();
  return std::max(std::int64_t{1}, rows / batch_size);
}

template <class T>
void move_idle_centers(compute::KMeansCompute<T>& rows, std::span<const T> sample_weight,
                       std::span<const double> counts, double ratio, std::int64_t batch_size, std::uint64_t seed,
                       std::int64_t step) {
  const Reassignment idle = idle_centers(counts, ratio, batch_size);
  if (idle.centers.empty()) return;
  const std::vector<std::int64_t> drawn = draw_different_rows(rows, sample_weight, std::ssize(idle.centers), seed,
                                                              chance_stream(Chance::reassignment, step));
  std::vector<compute::RowToCluster> moves;
  for (std::size_t i = 0; i < drawn.size(); ++i) moves.push_back({drawn[i], idle.centers[i]});
  rows.replace_centers(moves, idle.count);
}

#define FORJA_INSTANTIATE(T)                                                                                       \
  template void move_idle_centers(compute::KMeansCompute<T>&, std::span<const T>, std::span<const double>, double, \
                                  std::int64_t, std::uint64_t, std::int64_t);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core

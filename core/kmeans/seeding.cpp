#include "kmeans/seeding.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "formulas/counter_random.h"
#include "kmeans/random_streams.h"

namespace forja::core {
namespace {

/// A row that fell out once is drawn again in the next round; heavy weights make this hopeless, so rounds are few.
constexpr int kRedraws = 16;

std::vector<double> uniforms(std::int64_t count, std::uint64_t seed, std::uint64_t stream, std::uint64_t& counter) {
  std::vector<double> u(static_cast<std::size_t>(count));
  for (double& value : u) value = formulas::random_uniform(seed, stream, counter++);
  return u;
}

}  // namespace

int seeding_trials(std::int64_t k) { return 2 + static_cast<int>(std::log(static_cast<double>(k))); }

std::vector<std::int64_t> sample_without_replacement(std::int64_t n, std::int64_t count, std::uint64_t seed,
                                                     std::uint64_t stream) {
  // Floyd's sampling: one draw for each number wanted.
  std::vector<std::int64_t> chosen;
  std::unordered_set<std::int64_t> seen;
  chosen.reserve(static_cast<std::size_t>(count));
  for (std::int64_t last = n - count; last < n; ++last) {
    const std::int64_t drawn = formulas::random_below(seed, stream, chosen.size(), last + 1);
    chosen.push_back(seen.insert(drawn).second ? drawn : last);
    seen.insert(chosen.back());
  }
  return chosen;
}

template <class T>
std::vector<std::int64_t> kmeans_plus_plus_rows(compute::KMeansCompute<T>& rows, std::int64_t k, std::uint64_t seed,
                                                std::int64_t run) {
  const std::uint64_t stream = chance_stream(Chance::seeding, run);
  std::uint64_t counter = 0;
  std::vector<std::int64_t> chosen;
  chosen.reserve(static_cast<std::size_t>(k));
  rows.begin_seeding();
  while (static_cast<std::int64_t>(chosen.size()) < k) {
    const std::int64_t trials = chosen.empty() ? 1 : seeding_trials(k);
    const std::vector<compute::SeedCandidate> candidates =
        rows.seed_candidates(uniforms(trials, seed, stream, counter));
    const auto best = std::min_element(candidates.begin(), candidates.end(),
                                       [](const auto& a, const auto& b) { return a.potential < b.potential; });
    rows.seed_accept(best - candidates.begin());
    chosen.push_back(best->row);
  }
  return chosen;
}

template <class T>
std::vector<std::int64_t> draw_different_rows(compute::KMeansCompute<T>& rows, std::span<const T> sample_weight,
                                              std::int64_t count, std::uint64_t seed, std::uint64_t stream) {
  if (sample_weight.empty()) return sample_without_replacement(rows.rows(), count, seed, stream);
  const auto wanted = static_cast<std::size_t>(count);
  std::vector<std::int64_t> chosen;
  std::unordered_set<std::int64_t> seen;
  std::uint64_t counter = 0;
  for (int round = 0; round < kRedraws && chosen.size() < wanted; ++round) {
    for (const std::int64_t row : rows.draw_rows(uniforms(count - std::ssize(chosen), seed, stream, counter))) {
      if (seen.insert(row).second) chosen.push_back(row);
    }
  }
  for (std::int64_t row = 0; row < rows.rows() && chosen.size() < wanted; ++row) {
    if (sample_weight[static_cast<std::size_t>(row)] > 0 && seen.insert(row).second) chosen.push_back(row);
  }
  return chosen;
}

template <class T>
void set_first_centers(compute::KMeansCompute<T>& rows, std::span<const T> sample_weight, const KMeansInit& init,
                       std::int64_t k, std::uint64_t seed, std::int64_t run) {
  switch (init.method()) {
    case KMeansInit::Method::kmeans_plus_plus:
      rows.set_centers_from_rows(kmeans_plus_plus_rows(rows, k, seed, run));
      return;
    case KMeansInit::Method::random:
      rows.set_centers_from_rows(
          draw_different_rows(rows, sample_weight, k, seed, chance_stream(Chance::first_rows, run)));
      return;
    case KMeansInit::Method::given:
      rows.set_centers(init.centers().view());
      return;
  }
}

#define FORJA_INSTANTIATE(T)                                                                                           \
  template std::vector<std::int64_t> kmeans_plus_plus_rows(compute::KMeansCompute<T>&, std::int64_t, std::uint64_t,    \
                                                           std::int64_t);                                              \
  template std::vector<std::int64_t> draw_different_rows(compute::KMeansCompute<T>&, std::span<const T>, std::int64_t, \
                                                         std::uint64_t, std::uint64_t);                                \
  template void set_first_centers(compute::KMeansCompute<T>&, std::span<const T>, const KMeansInit&, std::int64_t,     \
                                  std::uint64_t, std::int64_t);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core

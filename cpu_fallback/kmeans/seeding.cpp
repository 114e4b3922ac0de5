#include "kmeans/seeding.h"

#include <hwy/highway.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace forja::cpu {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Doubles = hn::ScalableTag<double>;
constexpr std::int64_t kLanes = static_cast<std::int64_t>(hn::MaxLanes(Doubles()));
/// Rows whose sums run side by side, to hide the latency of an addition.
constexpr int kTogether = 6;
constexpr std::int64_t kChunkRows = 170 * kTogether;

/// ||x - c||^2 of kTogether rows (d apart) to a lane's worth of candidates, as formulas::exact_distance sums it.
void distances(const double* x, const double* packed, std::int64_t d, double* out) {
  const Doubles tag;
  hn::Vec<Doubles> sum[kTogether];
  for (auto& value : sum) value = hn::Zero(tag);
  for (std::int64_t j = 0; j < d; ++j) {
    const auto candidates = hn::Load(tag, packed + j * kLanes);
    for (int r = 0; r < kTogether; ++r) {
      const auto difference = hn::Sub(hn::Set(tag, x[r * d + j]), candidates);
      sum[r] = hn::MulAdd(difference, difference, sum[r]);
    }
  }
  for (int r = 0; r < kTogether; ++r) hn::Store(sum[r], tag, out + r * kLanes);
}

}  // namespace

template <class T>
Seeding<T>::Seeding(const TrainingRows<T>& rows) : rows_(rows), chunks_{rows.rows(), kChunkRows} {
  for (std::int64_t chunk = 0; chunk < chunks_.number(); ++chunk) {
    double sum = 0;
    for (std::int64_t i = chunks_.first(chunk); i < chunks_.last(chunk); ++i) sum += weight_of(i);
    chunk_weight_.push_back(sum);
  }
}

template <class T>
void Seeding<T>::begin() {
  least_.assign(static_cast<std::size_t>(rows_.rows()), std::numeric_limits<T>::infinity());
  chunk_mass_.clear();
}

template <class T>
template <class Mass>
std::int64_t Seeding<T>::draw(double u, std::span<const double> chunk_mass, const Mass& mass) const {
  const double wanted = u * std::accumulate(chunk_mass.begin(), chunk_mass.end(), 0.0);
  double before = 0;
  std::int64_t last = 0;
  for (std::int64_t chunk = 0; chunk < chunks_.number(); ++chunk) {
    const double here = chunk_mass[static_cast<std::size_t>(chunk)];
    if (!(here > 0)) continue;
    // Rounding may leave the last chunk short of what is wanted: then its last row is the one.
    last = chunk;
    if (before + here > wanted) break;
    before += here;
  }
  std::int64_t row = chunks_.first(last);
  double sum =
      before + chunk_mass[static_cast<std::size_t>(last)] > wanted ? before : -std::numeric_limits<double>::infinity();
  for (std::int64_t i = chunks_.first(last); i < chunks_.last(last); ++i) {
    const double here = mass(i);
    if (!(here > 0)) continue;
    row = i;
    sum += here;
    if (sum > wanted) break;
  }
  return row;
}

template <class T>
std::int64_t Seeding<T>::draw_by_weight(double u) const {
  return draw(u, chunk_weight_, [this](std::int64_t i) { return weight_of(i); });
}

template <class T>
std::int64_t Seeding<T>::draw_candidate(double u) const {
  const bool any = std::any_of(chunk_mass_.begin(), chunk_mass_.end(), [](double mass) { return mass > 0; });
  if (!any) return draw_by_weight(u);
  return draw(u, chunk_mass_, [this](std::int64_t i) { return mass_of(i); });
}

template <class T>
void Seeding<T>::pack_candidates(std::span<const compute::SeedCandidate> drawn) {
  const std::int64_t d = rows_.columns();
  const std::int64_t groups = (std::ssize(drawn) + kLanes - 1) / kLanes;
  packed_.assign(static_cast<std::size_t>(groups * d * kLanes), 0);
  std::vector<T> row(static_cast<std::size_t>(d));
  for (std::int64_t trial = 0; trial < std::ssize(drawn); ++trial) {
    rows_.centring().apply(rows_.row(drawn[static_cast<std::size_t>(trial)].row), row.data());
    double* to = packed_.data() + trial / kLanes * d * kLanes + trial % kLanes;
    for (std::int64_t j = 0; j < d; ++j) to[j * kLanes] = static_cast<double>(row[static_cast<std::size_t>(j)]);
  }
}

template <class T>
void Seeding<T>::measure_chunk(std::int64_t chunk, std::int64_t trials) {
  const std::int64_t d = rows_.columns();
  std::vector<T> row(static_cast<std::size_t>(d));
  AlignedVector<double> x(static_cast<std::size_t>(kTogether * d), 0.0);
  alignas(kAlignment) double found[kTogether * kLanes];
  for (std::int64_t first = chunks_.first(chunk); first < chunks_.last(chunk); first += kTogether) {
    const std::int64_t count = std::min<std::int64_t>(kTogether, chunks_.last(chunk) - first);
    for (std::int64_t r = 0; r < count; ++r) {
      rows_.centring().apply(rows_.row(first + r), row.data());
      std::copy(row.begin(), row.end(), x.begin() + r * d);
    }
    for (std::int64_t group = 0; group * kLanes < trials; ++group) {
      distances(x.data(), packed_.data() + group * d * kLanes, d, found);
      for (std::int64_t trial = group * kLanes; trial < std::min(trials, (group + 1) * kLanes); ++trial) {
        double& mass = trial_chunk_mass_[static_cast<std::size_t>(trial * chunks_.number() + chunk)];
        for (std::int64_t r = 0; r < count; ++r) {
          const T least =
              std::min(least_[static_cast<std::size_t>(first + r)], static_cast<T>(found[r * kLanes + trial % kLanes]));
          trial_least_[static_cast<std::size_t>(trial * rows_.rows() + first + r)] = least;
          mass += rows_.weight(first + r) * static_cast<double>(least);
        }
      }
    }
  }
}

template <class T>
std::vector<compute::SeedCandidate> Seeding<T>::candidates(std::span<const double> u) {
  std::vector<compute::SeedCandidate> drawn;
  for (const double value : u) drawn.push_back({draw_candidate(value), 0});
  pack_candidates(drawn);
  trial_least_.resize(u.size() * least_.size());
  trial_chunk_mass_.assign(u.size() * static_cast<std::size_t>(chunks_.number()), 0);
  for_each_chunk(rows_.threads(), chunks_.number(),
                 [&](std::int64_t chunk, int) { measure_chunk(chunk, std::ssize(u)); });
  for (std::size_t trial = 0; trial < drawn.size(); ++trial) {
    const auto mass = trial_chunk_mass_.begin() + static_cast<std::int64_t>(trial) * chunks_.number();
    drawn[trial].potential = std::accumulate(mass, mass + chunks_.number(), 0.0) * rows_.centring().square_unit();
  }
  return drawn;
}

template <class T>
void Seeding<T>::accept(std::int64_t index) {
  std::copy_n(trial_least_.begin() + index * rows_.rows(), rows_.rows(), least_.begin());
  const auto mass = trial_chunk_mass_.begin() + index * chunks_.number();
  chunk_mass_.assign(mass, mass + chunks_.number());
}

template class Seeding<float>;
template class Seeding<double>;

}  // namespace forja::cpu

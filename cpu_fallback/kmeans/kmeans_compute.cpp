#include "kmeans/kmeans_compute.h"

#include <algorithm>
#include <limits>

#include "runtime/threads.h"

namespace forja::cpu {

template <class T>
CpuKMeans<T>::CpuKMeans(MatrixView<const T> x, std::span<const T> sample_weight, int threads)
    : rows_(x, sample_weight, threads) {}

template <class T>
std::vector<T> CpuKMeans<T>::centred_row(std::int64_t i) const {
  std::vector<T> row(static_cast<std::size_t>(columns()));
  rows_.centring().apply(rows_.row(i), row.data());
  return row;
}

template <class T>
void CpuKMeans<T>::begin_seeding() {
  seed_least_.assign(static_cast<std::size_t>(rows()), std::numeric_limits<T>::infinity());
  seed_accepted_ = false;
}

template <class T>
std::int64_t CpuKMeans<T>::draw(double u, bool by_distance) const {
  const auto mass = [&](std::int64_t i) {
    return rows_.weight(i) * (by_distance ? static_cast<double>(seed_least_[static_cast<std::size_t>(i)]) : 1.0);
  };
  double total = 0;
  for (std::int64_t i = 0; i < rows(); ++i) total += mass(i);
  if (by_distance && !(total > 0)) return draw(u, false);
  double sum = 0;
  std::int64_t last = 0;
  for (std::int64_t i = 0; i < rows(); ++i) {
    if (!(mass(i) > 0)) continue;
    last = i;
    sum += mass(i);
    if (sum > u * total) return i;
  }
  return last;
}

template <class T>
std::vector<compute::SeedCandidate> CpuKMeans<T>::seed_candidates(std::span<const double> u) {
  seed_count_ = u.size();
  seed_trials_.resize(u.size() * static_cast<std::size_t>(rows()));
  std::vector<compute::SeedCandidate> found;
  for (std::size_t trial = 0; trial < u.size(); ++trial) {
    compute::SeedCandidate candidate{draw(u[trial], seed_accepted_), 0};
    const std::vector<T> c = centred_row(candidate.row);
    for (std::int64_t i = 0; i < rows(); ++i) {
      const auto distance = static_cast<T>(formulas::exact_distance(centred_row(i).data(), c.data(), columns()));
      const T least = std::min(seed_least_[static_cast<std::size_t>(i)], distance);
      seed_trials_[trial * static_cast<std::size_t>(rows()) + static_cast<std::size_t>(i)] = least;
      candidate.potential += rows_.weight(i) * static_cast<double>(least);
    }
    candidate.potential *= square_unit();
    found.push_back(candidate);
  }
  return found;
}

template <class T>
void CpuKMeans<T>::seed_accept(std::int64_t index) {
  std::copy_n(seed_trials_.begin() + index * rows(), rows(), seed_least_.begin());
  seed_accepted_ = true;
}

template <class T>
std::vector<std::int64_t> CpuKMeans<T>::draw_rows(std::span<const double> u) {
  std::vector<std::int64_t> drawn;
  for (const double value : u) drawn.push_back(draw(value, false));
  return drawn;
}

template <class T>
void CpuKMeans<T>::start(std::int64_t k) {
  centers_.resize(k, columns());
  proposed_.resize(k, columns());
  labels_.assign(static_cast<std::size_t>(rows()), -1);
  sums_.reset(k, columns());
  counts_.assign(static_cast<std::size_t>(k), 0);
}

template <class T>
void CpuKMeans<T>::set_centers(MatrixView<const double> centers) {
  start(centers.rows());
  for (std::int64_t c = 0; c < centers.rows(); ++c) {
    for (std::int64_t j = 0; j < columns(); ++j) {
      centers_.row(c)[j] = rows_.centring().inside(centers(c, j), static_cast<std::size_t>(j));
    }
  }
  centers_.finish();
}

template <class T>
void CpuKMeans<T>::set_centers_from_rows(std::span<const std::int64_t> rows) {
  start(std::ssize(rows));
  for (std::int64_t c = 0; c < std::ssize(rows); ++c) {
    rows_.centring().apply(rows_.row(rows[static_cast<std::size_t>(c)]), centers_.row(c));
  }
  centers_.finish();
}

template <class T>
Matrix<double> CpuKMeans<T>::centers() {
  Matrix<double> result(centers_.count(), columns());
  for (std::int64_t c = 0; c < centers_.count(); ++c) {
    for (std::int64_t j = 0; j < columns(); ++j) {
      result(c, j) = rows_.centring().outside(centers_.row(c)[j], static_cast<std::size_t>(j));
    }
  }
  return result;
}

template <class T>
void CpuKMeans<T>::use_bounds(bool) {}

template <class T>
bool CpuKMeans<T>::bounds_pay(std::int64_t) const {
  return false;
}

template <class T>
compute::KMeansPass CpuKMeans<T>::assign() {
  compute::KMeansPass pass;
  const Chunks chunks{rows(), 256};
  std::vector<ClusterSums> sums(static_cast<std::size_t>(rows_.threads()));
  for (ClusterSums& part : sums) part.reset(centers_.count(), columns());
  std::vector<std::int64_t> changed(static_cast<std::size_t>(chunks.number()));
  for_each_chunk(rows_.threads(), chunks.number(), [&](std::int64_t chunk, int thread) {
    std::vector<T> scores(static_cast<std::size_t>(centers_.count()));
    for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) {
      const std::vector<T> x = centred_row(i);
      const std::int32_t label = centers_.nearest(x.data(), rows_.norm(i), scores);
      std::int32_t& kept = labels_[static_cast<std::size_t>(i)];
      if (label != kept) ++changed[static_cast<std::size_t>(chunk)];
      kept = label;
      sums[static_cast<std::size_t>(thread)].add(x.data(), rows_.weight(i), label, rows_.fixed_point(), 1);
    }
  });
  sums_.reset(centers_.count(), columns());
  for (const ClusterSums& part : sums) sums_.add(part);
  for (const std::int64_t count : changed) pass.changed += count;
  for (std::int64_t c = 0; c < centers_.count(); ++c) {
    if (sums_.empty(c)) pass.empty.push_back(static_cast<std::int32_t>(c));
    sums_.propose(c, centers_.row(c), rows_.fixed_point(), proposed_.row(c));
  }
  pass.inertia = std::max(0.0, rows_.total_square() + sums_.cost(centers_, rows_.fixed_point())) * square_unit();
  pass.shift = summed_shift(centers_, proposed_) * square_unit();
  return pass;
}

template <class T>
std::vector<compute::FarRow> CpuKMeans<T>::farthest_rows(std::int64_t count) {
  std::vector<compute::FarRow> all;
  for (std::int64_t i = 0; i < rows(); ++i) {
    if (!(rows_.weight(i) > 0)) continue;
    const T* center = centers_.row(labels_[static_cast<std::size_t>(i)]);
    all.push_back({i, formulas::exact_distance(centred_row(i).data(), center, columns()) * square_unit()});
  }
  const auto kept = all.begin() + std::min(count, std::ssize(all));
  std::partial_sort(all.begin(), kept, all.end(), [](const compute::FarRow& a, const compute::FarRow& b) {
    return a.distance > b.distance || (a.distance == b.distance && a.row < b.row);
  });
  all.erase(kept, all.end());
  return all;
}

template <class T>
double CpuKMeans<T>::relabel(std::span<const compute::RowToCluster> moves) {
  for (const compute::RowToCluster& move : moves) {
    const std::vector<T> x = centred_row(move.row);
    std::int32_t& label = labels_[static_cast<std::size_t>(move.row)];
    sums_.add(x.data(), rows_.weight(move.row), label, rows_.fixed_point(), -1);
    sums_.add(x.data(), rows_.weight(move.row), move.cluster, rows_.fixed_point(), 1);
    for (const std::int32_t cluster : {label, move.cluster}) {
      sums_.propose(cluster, centers_.row(cluster), rows_.fixed_point(), proposed_.row(cluster));
    }
    label = move.cluster;
  }
  return summed_shift(centers_, proposed_) * square_unit();
}

template <class T>
void CpuKMeans<T>::update() {
  std::swap(centers_, proposed_);
  centers_.finish();
}

template <class T>
double CpuKMeans<T>::inertia() {
  const Chunks chunks{rows(), 1024};
  std::vector<double> parts(static_cast<std::size_t>(chunks.number()));
  for_each_chunk(rows_.threads(), chunks.number(), [&](std::int64_t chunk, int) {
    double part = 0;
    for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) {
      const T* center = centers_.row(labels_[static_cast<std::size_t>(i)]);
      part += rows_.weight(i) * formulas::exact_distance(centred_row(i).data(), center, columns());
    }
    parts[static_cast<std::size_t>(chunk)] = part;
  });
  double total = 0;
  for (const double part : parts) total += part;
  return total * square_unit();
}

template <class T>
std::vector<std::int32_t> CpuKMeans<T>::labels() {
  return labels_;
}

template <class T>
void CpuKMeans<T>::set_counts(std::span<const double> counts) {
  counts_.assign(counts.begin(), counts.end());
}

template <class T>
std::vector<double> CpuKMeans<T>::counts() {
  return counts_;
}

template <class T>
compute::BatchStep CpuKMeans<T>::batch_step(std::uint64_t seed, std::int64_t step, std::int64_t batch_size) {
  compute::BatchStep result;
  ClusterSums sums;
  sums.reset(centers_.count(), columns());
  std::vector<T> scores(static_cast<std::size_t>(centers_.count()));
  double square = 0;
  for (std::int64_t slot = 0; slot < (batch_size > 0 ? batch_size : rows()); ++slot) {
    const std::int64_t row = batch_size > 0 ? formulas::batch_row(seed, step, slot, rows()) : slot;
    const std::vector<T> x = centred_row(row);
    const std::int32_t label = centers_.nearest(x.data(), rows_.norm(row), scores);
    const std::vector<T> zero(x.size());
    square += rows_.weight(row) * formulas::exact_distance(x.data(), zero.data(), columns());
    sums.add(x.data(), rows_.weight(row), label, rows_.fixed_point(), 1);
  }
  result.inertia = std::max(0.0, square + sums.cost(centers_, rows_.fixed_point())) * square_unit();
  for (std::int64_t c = 0; c < centers_.count(); ++c) {
    double& count = counts_[static_cast<std::size_t>(c)];
    const double weight = sums.weight(c, rows_.fixed_point());
    std::copy_n(centers_.row(c), columns(), proposed_.row(c));
    if (sums.empty(c)) continue;
    for (std::int64_t j = 0; j < columns(); ++j) {
      const double inverse = rows_.fixed_point().inverse[static_cast<std::size_t>(j)];
      proposed_.row(c)[j] =
          formulas::running_mean(centers_.row(c)[j], count, formulas::from_fixed(sums.sum(c)[j], inverse), weight);
    }
    count += weight;
    result.weight += weight;
  }
  result.shift = summed_shift(centers_, proposed_) * square_unit();
  update();
  return result;
}

template <class T>
std::vector<compute::BatchStep> CpuKMeans<T>::batch_steps(std::uint64_t seed, std::int64_t first, std::int64_t steps,
                                                          std::int64_t batch_size) {
  std::vector<compute::BatchStep> results;
  for (std::int64_t step = first; step < first + steps; ++step) {
    results.push_back(batch_step(seed, step, batch_size));
  }
  return results;
}

template <class T>
void CpuKMeans<T>::replace_centers(std::span<const compute::RowToCluster> rows, double count) {
  for (const compute::RowToCluster& move : rows) {
    rows_.centring().apply(rows_.row(move.row), centers_.row(move.cluster));
    counts_[static_cast<std::size_t>(move.cluster)] = count;
  }
  centers_.finish();
}

template <class T>
Matrix<T> CpuKMeans<T>::take_rows(std::span<const std::int64_t> rows) {
  Matrix<T> result(std::ssize(rows), columns());
  for (std::int64_t i = 0; i < std::ssize(rows); ++i) {
    std::copy_n(rows_.row(rows[static_cast<std::size_t>(i)]), columns(), result.row(i).data());
  }
  return result;
}

template class CpuKMeans<float>;
template class CpuKMeans<double>;

}  // namespace forja::cpu

#include "kmeans/kmeans_compute.h"

#include <algorithm>
#include <numeric>

#include "kmeans/center_order.h"
#include "runtime/threads.h"

namespace forja::cpu {

template <class T>
CpuKMeans<T>::CpuKMeans(MatrixView<const T> x, std::span<const T> sample_weight, int threads)
    : rows_(x, sample_weight, threads), seeding_(rows_) {}

template <class T>
std::vector<T> CpuKMeans<T>::centred_row(std::int64_t i) const {
  std::vector<T> row(static_cast<std::size_t>(columns()));
  rows_.centring().apply(rows_.row(i), row.data());
  return row;
}

template <class T>
void CpuKMeans<T>::begin_seeding() {
  seeding_.begin();
}

template <class T>
std::vector<compute::SeedCandidate> CpuKMeans<T>::seed_candidates(std::span<const double> u) {
  return seeding_.candidates(u);
}

template <class T>
void CpuKMeans<T>::seed_accept(std::int64_t index) {
  seeding_.accept(index);
}

template <class T>
std::vector<std::int64_t> CpuKMeans<T>::draw_rows(std::span<const double> u) {
  std::vector<std::int64_t> drawn;
  for (const double value : u) drawn.push_back(seeding_.draw_by_weight(value));
  return drawn;
}

template <class T>
void CpuKMeans<T>::start(std::int64_t k) {
  centers_.resize(k, columns());
  proposed_.resize(k, columns());
  labels_.assign(static_cast<std::size_t>(rows()), -1);
  sums_.reset(k, columns());
  bounds_.forget();
  order_.clear();
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
void CpuKMeans<T>::use_bounds(bool yes) {
  use_bounds_ = yes;
  bounds_.forget();
}

template <class T>
bool CpuKMeans<T>::bounds_pay(std::int64_t k) const {
  // Below this, a row's products cost about what the upkeep of its bounds does (measured on one shapeless blob).
  constexpr std::int64_t kLeastColumns = 12;
  return k > 1 && columns() >= kLeastColumns;
}

template <class T>
void CpuKMeans<T>::begin_pass() {
  nearest_.set(centers_, order_);
  scratch_.resize(static_cast<std::size_t>(rows_.threads()));
  for (NearestScratch<T>& scratch : scratch_) nearest_.prepare(scratch);
  thread_sums_.resize(scratch_.size());
  for (ClusterSums& sums : thread_sums_) sums.reset(centers_.count(), columns());
}

template <class T>
Chunks CpuKMeans<T>::pass_chunks() const {
  // Several blocks, so that the few rows that bounds leave open fill tiles; yet enough chunks for every thread.
  constexpr std::int64_t kMostBlocks = 16;
  constexpr std::int64_t kChunksPerThread = 8;
  const std::int64_t block = NearestCenters<T>::block_rows(columns());
  const std::int64_t blocks = rows() / (block * kChunksPerThread * rows_.threads());
  return {rows(), block * std::clamp<std::int64_t>(blocks, 1, kMostBlocks)};
}

template <class T>
bool CpuKMeans<T>::put(std::int64_t i, std::int64_t at, bool all, NearestScratch<T>& scratch) {
  T* x = scratch.rows.data() + at * columns();
  rows_.centring().apply(rows_.row(i), x);
  if (!use_bounds_) return true;
  std::uint8_t* wanted = scratch.wanted.data() + at * nearest_.groups();
  if (all) {
    std::fill_n(wanted, nearest_.groups(), std::uint8_t{1});
    return true;
  }
  const std::int32_t label = labels_[static_cast<std::size_t>(i)];
  return bounds_.open_groups(i, distance_at_most(x, centers_.row(label), columns()), nearest_.group_of(label), wanted);
}

template <class T>
std::int64_t CpuKMeans<T>::measure(const std::int64_t* numbers, std::int64_t count, int thread) {
  NearestScratch<T>& scratch = scratch_[static_cast<std::size_t>(thread)];
  const auto norm = [&](std::int64_t at) { return rows_.norm(numbers[at]); };
  if (use_bounds_) {
    nearest_.search_groups(scratch, count, norm);
  } else {
    nearest_.search(scratch, count, norm);
  }
  std::int64_t changed = 0;
  for (std::int64_t at = 0; at < count; ++at) {
    const std::int64_t i = numbers[at];
    std::int32_t& kept = labels_[static_cast<std::size_t>(i)];
    const std::int32_t label = scratch.labels[static_cast<std::size_t>(at)];
    if (use_bounds_) {
      bounds_.set(i, scratch, at, nearest_.group_of(label), label == kept, norm(at), centers_.largest_norm());
    }
    if (label == kept) continue;
    thread_sums_[static_cast<std::size_t>(thread)].move(scratch.rows.data() + at * columns(), rows_.weight(i), kept,
                                                        label, rows_.fixed_point());
    kept = label;
    ++changed;
  }
  return changed;
}

template <class T>
typename CpuKMeans<T>::Found CpuKMeans<T>::assign_chunk(std::int64_t first, std::int64_t last, bool all, int thread) {
  constexpr std::int64_t kAhead = 8;  // rows fetched before their turn: those that bounds leave are no steady stream
  NearestScratch<T>& scratch = scratch_[static_cast<std::size_t>(thread)];
  const std::int64_t block = NearestCenters<T>::block_rows(columns());
  std::vector<std::int64_t> open(static_cast<std::size_t>(last - first));
  if (all) {
    std::iota(open.begin(), open.end(), first);
  } else {
    open.resize(static_cast<std::size_t>(bounds_.list_open(first, last, labels_.data(), open.data())));
  }
  // The list shrinks in place to the rows that are measured.
  Found found;
  std::int64_t count = 0;
  for (std::size_t next = 0; next < open.size(); ++next) {
    if (next + kAhead < open.size()) __builtin_prefetch(rows_.row(open[next + kAhead]));
    std::int64_t* numbers = open.data() + found.measured;
    numbers[count] = open[next];
    if (!put(open[next], count, all, scratch)) continue;
    if (++count < block) continue;
    found.changed += measure(numbers, count, thread);
    found.measured += count;
    count = 0;
  }
  found.changed += measure(open.data() + found.measured, count, thread);
  found.measured += count;
  return found;
}

template <class T>
compute::KMeansPass CpuKMeans<T>::assign() {
  compute::KMeansPass pass;
  if (use_bounds_ && order_.empty()) order_ = neighbours_together(centers_, NearestCenters<T>::kGroupSize);
  begin_pass();
  const bool all = !bounds_.known();
  const bool first = labels_.front() < 0;
  if (use_bounds_) bounds_.begin_pass(rows(), nearest_, centers_);
  const Chunks chunks = pass_chunks();
  std::vector<Found> found(static_cast<std::size_t>(chunks.number()));
  for_each_chunk(rows_.threads(), chunks.number(), [&](std::int64_t chunk, int thread) {
    found[static_cast<std::size_t>(chunk)] = assign_chunk(chunks.first(chunk), chunks.last(chunk), all, thread);
  });
  if (use_bounds_) bounds_.end_pass();
  // The rows that stayed are in the sums from the passes before.
  for (const ClusterSums& part : thread_sums_) sums_.add(part);
  double weight = 0;
  for (const Found& part : found) {
    pass.changed += part.changed;
    pass.recomputed += part.measured;
  }
  for (std::int64_t c = 0; c < centers_.count(); ++c) {
    if (sums_.empty(c)) pass.empty.push_back(static_cast<std::int32_t>(c));
    weight += sums_.weight(c, rows_.fixed_point());
    sums_.propose(c, centers_.row(c), rows_.fixed_point(), proposed_.row(c));
  }
  pass.inertia = std::max(0.0, rows_.total_square() + sums_.cost(centers_, rows_.fixed_point())) * square_unit();
  pass.shift = summed_shift(centers_, proposed_) * square_unit();
  // Centres that moved about as far as rows are from them have left their neighbours, and the bounds mean nothing.
  if (first && pass.shift / static_cast<double>(centers_.count()) > pass.inertia / weight / 4) {
    order_.clear();
    bounds_.forget();
  }
  return pass;
}

template <class T>
std::vector<compute::FarRow> CpuKMeans<T>::farthest_rows(std::int64_t count) {
  std::vector<compute::FarRow> all;
  std::vector<T> x(static_cast<std::size_t>(columns()));
  for (std::int64_t i = 0; i < rows(); ++i) {
    if (!(rows_.weight(i) > 0)) continue;
    rows_.centring().apply(rows_.row(i), x.data());
    const T* center = centers_.row(labels_[static_cast<std::size_t>(i)]);
    all.push_back({i, formulas::exact_distance(x.data(), center, columns()) * square_unit()});
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
    sums_.move(x.data(), rows_.weight(move.row), label, move.cluster, rows_.fixed_point());
    for (const std::int32_t cluster : {label, move.cluster}) {
      sums_.propose(cluster, centers_.row(cluster), rows_.fixed_point(), proposed_.row(cluster));
    }
    label = move.cluster;
    bounds_.forget_row(move.row);
  }
  return summed_shift(centers_, proposed_) * square_unit();
}

template <class T>
void CpuKMeans<T>::update() {
  bounds_.move(centers_, proposed_);
  std::swap(centers_, proposed_);
  centers_.finish();
}

template <class T>
double CpuKMeans<T>::inertia() {
  const Chunks chunks{rows(), 1024};
  std::vector<double> parts(static_cast<std::size_t>(chunks.number()));
  for_each_chunk(rows_.threads(), chunks.number(), [&](std::int64_t chunk, int) {
    double part = 0;
    std::vector<T> x(static_cast<std::size_t>(columns()));
    for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) {
      rows_.centring().apply(rows_.row(i), x.data());
      const T* center = centers_.row(labels_[static_cast<std::size_t>(i)]);
      part += rows_.weight(i) * squared_distance(x.data(), center, columns());
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
double CpuKMeans<T>::batch_block(std::uint64_t seed, std::int64_t step, std::int64_t first, std::int64_t count,
                                 bool drawn, int thread) {
  NearestScratch<T>& scratch = scratch_[static_cast<std::size_t>(thread)];
  const auto row_of = [&](std::int64_t i) {
    return drawn ? formulas::batch_row(seed, step, first + i, rows()) : first + i;
  };
  for (std::int64_t i = 0; i < count; ++i) {
    rows_.centring().apply(rows_.row(row_of(i)), scratch.rows.data() + i * columns());
  }
  nearest_.search(scratch, count, [&](std::int64_t i) { return rows_.norm(row_of(i)); });
  double square = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const T* x = scratch.rows.data() + i * columns();
    const double weight = rows_.weight(row_of(i));
    square += weight * squared_norm(x, columns());
    thread_sums_[static_cast<std::size_t>(thread)].move(x, weight, -1, scratch.labels[static_cast<std::size_t>(i)],
                                                        rows_.fixed_point());
  }
  return square;
}

template <class T>
compute::BatchStep CpuKMeans<T>::batch_step(std::uint64_t seed, std::int64_t step, std::int64_t batch_size) {
  // Below this many multiplications a second thread costs more than it brings.
  constexpr std::int64_t kWorthThreads = 4'000'000;
  compute::BatchStep result;
  begin_pass();
  const std::int64_t slots = batch_size > 0 ? batch_size : rows();
  const Chunks chunks{slots, NearestCenters<T>::block_rows(columns())};
  std::vector<double> squares(static_cast<std::size_t>(chunks.number()));
  const bool worth = slots > kWorthThreads / std::max<std::int64_t>(1, centers_.count() * columns());
  for_each_chunk(worth ? rows_.threads() : 1, chunks.number(), [&](std::int64_t chunk, int thread) {
    const std::int64_t first = chunks.first(chunk);
    squares[static_cast<std::size_t>(chunk)] =
        batch_block(seed, step, first, chunks.last(chunk) - first, batch_size > 0, thread);
  });
  double square = 0;
  for (const double part : squares) square += part;
  ClusterSums& sums = thread_sums_.front();
  for (std::size_t thread = 1; thread < thread_sums_.size(); ++thread) sums.add(thread_sums_[thread]);
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
  bounds_.forget();
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

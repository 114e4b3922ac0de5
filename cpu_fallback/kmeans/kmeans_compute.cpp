#include "kmeans/kmeans_compute.h"

#include <algorithm>
#include <cmath>

#include "runtime/threads.h"

namespace forja::cpu {
namespace {

/// Rows ahead that are asked for.
constexpr std::int64_t kAhead = 4;

}  // namespace

template <class T>
CpuKMeans<T>::CpuKMeans(MatrixView<const T> x, std::span<const T> sample_weight, int threads)
    : rows_(x, sample_weight, threads), assignment_(rows_), seeding_(rows_) {}

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
  assignment_.start();
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
void CpuKMeans<T>::use_bounds(bool yes) {
  assignment_.use_bounds(yes);
}

template <class T>
bool CpuKMeans<T>::bounds_pay(std::int64_t k) const {
  // Below this, a row's products cost about what the upkeep of its bounds does (measured on one shapeless blob).
  constexpr std::int64_t kLeastColumns = 12;
  return k > 1 && columns() >= kLeastColumns;
}

template <class T>
std::span<ClusterSums> CpuKMeans<T>::fresh_thread_sums() {
  thread_sums_.resize(static_cast<std::size_t>(rows_.threads()));
  for (ClusterSums& sums : thread_sums_) sums.reset(centers_.count(), columns());
  return thread_sums_;
}

template <class T>
compute::KMeansPass CpuKMeans<T>::assign() {
  compute::KMeansPass pass;
  const bool first = assignment_.label(0) < 0;
  const auto found = assignment_.pass(centers_, fresh_thread_sums());
  pass.changed = found.changed;
  pass.recomputed = found.measured;
  // The rows that stayed are in the sums from the passes before.
  for (const ClusterSums& part : thread_sums_) sums_.add(part);
  double weight = 0;
  for (std::int64_t c = 0; c < centers_.count(); ++c) {
    if (sums_.empty(c)) pass.empty.push_back(static_cast<std::int32_t>(c));
    weight += sums_.weight(c, rows_.fixed_point());
    sums_.propose(c, centers_.row(c), rows_.fixed_point(), proposed_.row(c));
  }
  pass.inertia = std::max(0.0, assignment_.total_square() + sums_.cost(centers_, rows_.fixed_point())) * square_unit();
  pass.shift = summed_shift(centers_, proposed_) * square_unit();
  // Centres that moved about as far as rows are from them have left their neighbours, and the bounds mean nothing.
  if (first && pass.shift / static_cast<double>(centers_.count()) > pass.inertia / weight / 4) {
    assignment_.forget_grouping();
  }
  return pass;
}

template <class T>
void CpuKMeans<T>::own_distances(std::int64_t first, std::int64_t count, double* squares) const {
  const T* x[kTogether];
  const T* c[kTogether];
  double sum[kTogether] = {};
  for (std::int64_t r = 0; r < kTogether; ++r) {
    const std::int64_t i = first + std::min(r, count - 1);
    x[r] = rows_.row(i);
    c[r] = centers_.row(assignment_.label(i));
  }
  const Centring<T>& centring = rows_.centring();
  for (std::int64_t j = 0; j < columns(); ++j) {
    const T shift = centring.shift[static_cast<std::size_t>(j)];
    for (std::int64_t r = 0; r < kTogether; ++r) {
      const double difference =
          static_cast<double>(formulas::centred(x[r][j], shift, centring.scale)) - static_cast<double>(c[r][j]);
      sum[r] = std::fma(difference, difference, sum[r]);
    }
  }
  std::copy_n(sum, count, squares);
}

template <class T>
std::vector<compute::FarRow> CpuKMeans<T>::farthest_rows(std::int64_t count) {
  const auto farther = [](const compute::FarRow& a, const compute::FarRow& b) {
    return a.distance > b.distance || (a.distance == b.distance && a.row < b.row);
  };
  const auto keep_farthest = [&](std::vector<compute::FarRow>& rows) {
    if (std::ssize(rows) <= count) return;
    std::nth_element(rows.begin(), rows.begin() + count, rows.end(), farther);
    rows.resize(static_cast<std::size_t>(count));
  };
  const Chunks chunks{rows(), 512 * kTogether};
  std::vector<std::vector<compute::FarRow>> parts(static_cast<std::size_t>(chunks.number()));
  for_each_chunk(rows_.threads(), chunks.number(), [&](std::int64_t chunk, int) {
    std::vector<compute::FarRow>& part = parts[static_cast<std::size_t>(chunk)];
    double squares[kTogether];
    for (std::int64_t first = chunks.first(chunk); first < chunks.last(chunk); first += kTogether) {
      const std::int64_t here = std::min(kTogether, chunks.last(chunk) - first);
      own_distances(first, here, squares);
      for (std::int64_t r = 0; r < here; ++r) {
        if (rows_.weight(first + r) > 0) part.push_back({first + r, squares[r] * square_unit()});
      }
    }
    keep_farthest(part);
  });
  std::vector<compute::FarRow> found;
  for (const std::vector<compute::FarRow>& part : parts) found.insert(found.end(), part.begin(), part.end());
  keep_farthest(found);
  std::sort(found.begin(), found.end(), farther);
  return found;
}

template <class T>
double CpuKMeans<T>::relabel(std::span<const compute::RowToCluster> moves) {
  for (const compute::RowToCluster& move : moves) {
    const std::vector<T> x = centred_row(move.row);
    const std::int32_t label = assignment_.label(move.row);
    sums_.move(x.data(), rows_.weight(move.row), label, move.cluster, rows_.fixed_point());
    for (const std::int32_t cluster : {label, move.cluster}) {
      sums_.propose(cluster, centers_.row(cluster), rows_.fixed_point(), proposed_.row(cluster));
    }
    assignment_.relabel(move.row, move.cluster);
  }
  return summed_shift(centers_, proposed_) * square_unit();
}

template <class T>
void CpuKMeans<T>::update() {
  assignment_.follow(centers_, proposed_);
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
      rows_.prefetch(i + kAhead);
      const T* center = centers_.row(assignment_.label(i));
      part += rows_.weight(i) * squared_distance(rows_.row(i), rows_.centring(), center, columns());
    }
    parts[static_cast<std::size_t>(chunk)] = part;
  });
  double total = 0;
  for (const double part : parts) total += part;
  return total * square_unit();
}

template <class T>
std::vector<std::int32_t> CpuKMeans<T>::labels() {
  return assignment_.labels();
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
  std::vector<double> squares(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    T* x = scratch.rows.data() + i * columns();
    rows_.centring().apply(rows_.row(row_of(i)), x);
    squares[static_cast<std::size_t>(i)] = squared_norm(x, columns());
  }
  nearest_.search(scratch, count, [&](std::int64_t i) { return norm_above<T>(squares[static_cast<std::size_t>(i)]); });
  double square = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const T* x = scratch.rows.data() + i * columns();
    const double weight = rows_.weight(row_of(i));
    square += weight * squares[static_cast<std::size_t>(i)];
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
  nearest_.set(centers_);
  scratch_.resize(fresh_thread_sums().size());
  for (NearestScratch<T>& scratch : scratch_) nearest_.prepare(scratch);
  const std::int64_t slots = batch_size > 0 ? batch_size : rows();
  const Chunks chunks{slots, nearest_.block_rows()};
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
  assignment_.forget_bounds();
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

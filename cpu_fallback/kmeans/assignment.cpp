#include "kmeans/assignment.h"

#include <algorithm>
#include <numeric>

#include "kmeans/center_order.h"
#include "runtime/within_memory.h"

namespace forja::cpu {
namespace {

/// Rows fetched before their turn: those that bounds leave open are no steady stream.
constexpr std::int64_t kAhead = 8;
/// Rows whose squares are summed together: no two threads share such a group.
template <class T>
constexpr std::int64_t kSquaresTogether = PackedPanels<T>::kTileRows;

}  // namespace

template <class T>
void Assignment<T>::start() {
  labels_.assign(static_cast<std::size_t>(rows_.rows()), -1);
  forget_grouping();
}

template <class T>
void Assignment<T>::forget_grouping() {
  order_.clear();
  bounds_.forget();
}

template <class T>
void Assignment<T>::use_bounds(bool yes) {
  use_bounds_ = yes;
  bounds_.forget();
}

template <class T>
std::int64_t Assignment<T>::group_size() const {
  // A bound for every centre, as long as these are little beside the row that they may spare.
  constexpr std::int64_t kColumnsPerBound = 4;
  return centers_->count() * kColumnsPerBound <= rows_.columns() ? 1 : NearestCenters<T>::kGroupSize;
}

template <class T>
bool Assignment<T>::sketches_pay() const {
  constexpr std::int64_t kLeastColumns = 64;
  constexpr std::int64_t kMostColumns = 1 << 16;  // beyond, sums of integers would leave few bits for a centre
  return sketches_tell_ && rows_.columns() >= kLeastColumns && rows_.columns() <= kMostColumns && group_size() == 1;
}

template <class T>
void Assignment<T>::begin_pass(const Centers<T>& centers, std::span<ClusterSums> sums) {
  centers_ = &centers;
  if (use_bounds_ && order_.empty()) order_ = neighbours_together(centers, NearestCenters<T>::kGroupSize);
  nearest_.set(centers, order_, group_size());
  make_room();
  scratch_.resize(sums.size());
  for (std::size_t thread = 0; thread < sums.size(); ++thread) {
    nearest_.prepare(scratch_[thread].nearest);
    scratch_[thread].row.resize(static_cast<std::size_t>(rows_.columns()));
    scratch_[thread].sums = &sums[thread];
  }
  if (by_sketch_) sketched_centers_.set(centers);
}

template <class T>
void Assignment<T>::make_room() {
  const std::int64_t numbers = rows_.rows() * (use_bounds_ ? nearest_.groups() + 2 : 1);
  const std::int64_t bytes = numbers * static_cast<std::int64_t>(sizeof(T)) + rows_.rows() * rows_.columns();
  within_memory("k-means", bytes, [&] {
    if (use_bounds_) bounds_.begin_pass(rows_.rows(), nearest_, *centers_);
    all_ = !use_bounds_ || !bounds_.known();
    by_sketch_ = use_bounds_ && sketched_ && sketches_pay();
    sketching_ = use_bounds_ && !sketched_ && all_ && sketches_pay();
    if (by_sketch_ && all_) bounds_.open_all();
    if (sketching_) sketch_.resize(rows_.rows(), rows_.columns());
    if (!norms_.empty()) return;
    const auto n = static_cast<std::size_t>(rows_.rows());
    norms_.resize(n);
    squares_.assign((n + kSquaresTogether<T> - 1) / kSquaresTogether<T>, 0.0);
  });
}

template <class T>
Chunks Assignment<T>::chunks() const {
  // Many rows, so that the few that bounds leave open fill tiles; yet enough chunks for every thread.
  constexpr std::int64_t kMostRows = 4096;
  constexpr std::int64_t kChunksPerThread = 8;
  const std::int64_t block = nearest_.block_rows();
  const std::int64_t rows = std::min(kMostRows, rows_.rows() / (kChunksPerThread * rows_.threads()));
  return {rows_.rows(), block * std::max<std::int64_t>(1, rows / block)};
}

template <class T>
typename Assignment<T>::Found Assignment<T>::pass(const Centers<T>& centers, std::span<ClusterSums> sums) {
  begin_pass(centers, sums);
  const Chunks chunks = this->chunks();
  std::vector<Found> parts(static_cast<std::size_t>(chunks.number()));
  for_each_chunk(rows_.threads(), chunks.number(), [&](std::int64_t number, int thread) {
    parts[static_cast<std::size_t>(number)] =
        chunk(chunks.first(number), chunks.last(number), scratch_[static_cast<std::size_t>(thread)]);
  });
  if (use_bounds_) bounds_.end_pass();
  if (!squares_.empty()) {
    total_square_ = std::accumulate(squares_.begin(), squares_.end(), 0.0);
    squares_ = {};
  }
  Found found;
  for (const Found& part : parts) {
    found.changed += part.changed;
    found.measured += part.measured;
    found.unsettled += part.unsettled;
  }
  sketched_ = sketched_ || sketching_;
  // Judged where most rows are measured: the few that bounds leave open later are close calls.
  if (found.measured > rows_.rows() / 2 && found.unsettled > found.measured / 2) {
    sketches_tell_ = sketched_ = false;
    sketch_.clear();
  }
  return found;
}

template <class T>
typename Assignment<T>::Found Assignment<T>::chunk(std::int64_t first, std::int64_t last, Scratch& scratch) {
  const std::int64_t block = nearest_.block_rows();
  std::vector<std::int64_t>& open = scratch.open;
  open.resize(static_cast<std::size_t>(last - first));
  scratch.numbers.resize(static_cast<std::size_t>(block));
  if (all_) {
    std::iota(open.begin(), open.end(), first);
  } else {
    open.resize(static_cast<std::size_t>(bounds_.list_open(first, last, labels_.data(), open.data())));
  }
  Found found;
  if (by_sketch_) {
    std::size_t unsettled = 0;
    for (std::size_t next = 0; next < open.size(); ++next) {
      if (next + kAhead < open.size()) sketch_.prefetch(open[next + kAhead]);
      if (!settle(open[next], scratch, found)) open[unsettled++] = open[next];
    }
    open.resize(unsettled);
    found.unsettled = std::ssize(open);
  }
  std::int64_t count = 0;
  for (std::size_t next = 0; next < open.size(); ++next) {
    if (next + kAhead < open.size()) rows_.prefetch(open[next + kAhead]);
    if (!put(open[next], count, scratch)) continue;
    scratch.numbers[static_cast<std::size_t>(count)] = open[next];
    if (++count < block) continue;
    measure(count, scratch, found);
    count = 0;
  }
  measure(count, scratch, found);
  return found;
}

template <class T>
bool Assignment<T>::put(std::int64_t i, std::int64_t at, Scratch& scratch) {
  T* x = scratch.nearest.rows.data() + at * rows_.columns();
  rows_.centring().apply(rows_.row(i), x);
  if (!squares_.empty()) {
    const double square = squared_norm(x, rows_.columns());
    norms_[static_cast<std::size_t>(i)] = norm_above<T>(square);
    squares_[static_cast<std::size_t>(i / kSquaresTogether<T>)] += rows_.weight(i) * square;
  }
  if (sketching_) sketch_.set(i, x);
  if (!use_bounds_) return true;
  std::uint8_t* wanted = scratch.nearest.wanted.data() + at * nearest_.panels();
  if (all_) {
    std::fill_n(wanted, nearest_.panels(), std::uint8_t{1});
    return true;
  }
  const T distance = distance_at_most(x, centers_->row(label(i)), rows_.columns());
  return bounds_.open_panels(i, distance, nearest_.group_of(label(i)), wanted);
}

template <class T>
bool Assignment<T>::settle(std::int64_t i, Scratch& scratch, Found& found) {
  std::int64_t own = -1;
  if (!all_) {
    own = nearest_.group_of(label(i));
    const T distance = sketch_.distance_at_most(i, centers_->row(label(i)));
    if (!bounds_.open_panels(i, formulas::grown(distance, sketch_.apart(i)), own, scratch.nearest.wanted.data())) {
      return true;
    }
  }
  ++found.measured;
  const std::int64_t group = bounds_.settle(
      i, own, [&](std::int64_t g) { return sketched_centers_.distance(sketch_, i, nearest_.center_of(g)); });
  if (group < 0) return false;
  const std::int32_t found_label = nearest_.center_of(group);
  if (found_label != label(i)) {
    rows_.centring().apply(rows_.row(i), scratch.row.data());
    change(i, scratch.row.data(), found_label, scratch, found);
  }
  return true;
}

template <class T>
void Assignment<T>::change(std::int64_t i, const T* x, std::int32_t label, Scratch& scratch, Found& found) {
  std::int32_t& kept = labels_[static_cast<std::size_t>(i)];
  if (label == kept) return;
  scratch.sums->move(x, rows_.weight(i), kept, label, rows_.fixed_point());
  kept = label;
  ++found.changed;
}

template <class T>
void Assignment<T>::measure(std::int64_t count, Scratch& scratch, Found& found) {
  const auto number = [&](std::int64_t at) { return scratch.numbers[static_cast<std::size_t>(at)]; };
  const auto norm = [&](std::int64_t at) { return norms_[static_cast<std::size_t>(number(at))]; };
  if (use_bounds_) {
    nearest_.search_wanted(scratch.nearest, count, norm);
  } else {
    nearest_.search(scratch.nearest, count, norm);
  }
  for (std::int64_t at = 0; at < count; ++at) {
    const std::int64_t i = number(at);
    const std::int32_t found_label = scratch.nearest.labels[static_cast<std::size_t>(at)];
    if (use_bounds_) {
      bounds_.set(i, {scratch.nearest, at, nearest_.group_of(found_label), found_label == label(i), norm(at),
                      centers_->largest_norm()});
    }
    change(i, scratch.nearest.rows.data() + at * rows_.columns(), found_label, scratch, found);
  }
  if (!by_sketch_) found.measured += count;
}

template <class T>
void Assignment<T>::relabel(std::int64_t i, std::int32_t cluster) {
  labels_[static_cast<std::size_t>(i)] = cluster;
  bounds_.forget_row(i);
}

template class Assignment<float>;
template class Assignment<double>;

}  // namespace forja::cpu

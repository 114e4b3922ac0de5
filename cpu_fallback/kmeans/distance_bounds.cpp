#include "kmeans/distance_bounds.h"

#include <algorithm>
#include <limits>

#include "formulas/kmeans_formulas.h"

namespace forja::cpu {

template <class T>
void DistanceBounds<T>::move(const Centers<T>& from, const Centers<T>& to) {
  if (!known_) return;
  for (std::int64_t c = 0; c < from.count(); ++c) {
    const double square = squared_distance(from.row(c), to.row(c), from.columns());
    T& moved = moved_[static_cast<std::size_t>(c)];
    moved = formulas::grown(moved, formulas::length_above<T>(square, from.columns()));
  }
}

template <class T>
void DistanceBounds<T>::begin_pass(std::int64_t rows, const NearestCenters<T>& nearest, const Centers<T>& centers) {
  groups_ = nearest.groups();
  per_panel_ = nearest.groups_per_panel();
  panels_ = nearest.panels();
  stride_ = nearest.group_stride();
  d_ = centers.columns();
  if (!known_) {
    upper_.assign(static_cast<std::size_t>(rows), std::numeric_limits<T>::infinity());
    lower_.resize(static_cast<std::size_t>(rows * groups_));
    moved_.assign(static_cast<std::size_t>(centers.count()), T(0));
  }
  group_moves_.assign(static_cast<std::size_t>(groups_), {});
  group_of_.resize(moved_.size());
  for (std::size_t c = 0; c < moved_.size(); ++c) {
    group_of_[c] = nearest.group_of(static_cast<std::int32_t>(c));
    GroupMove& group = group_moves_[static_cast<std::size_t>(group_of_[c])];
    if (moved_[c] > group.most) {
      group.next = group.most;
      group.most = moved_[c];
      group.center = static_cast<std::int32_t>(c);
    } else {
      group.next = std::max(group.next, moved_[c]);
    }
  }
  most_.resize(group_moves_.size());
  std::transform(group_moves_.begin(), group_moves_.end(), most_.begin(), [](const GroupMove& m) { return m.most; });
}

template <class T>
void DistanceBounds<T>::end_pass() {
  known_ = true;
  std::fill(moved_.begin(), moved_.end(), T(0));
}

template <class T>
inline bool DistanceBounds<T>::age(std::int64_t i, std::int32_t label) {
  T& upper = upper_[static_cast<std::size_t>(i)];
  T* bounds = lower(i);
  const auto own = static_cast<std::size_t>(group_of_[static_cast<std::size_t>(label)]);
  const GroupMove& own_move = group_moves_[own];
  const T own_bound = formulas::shrunk(bounds[own], own_move.center == label ? own_move.next : own_move.most);
  const T* most = most_.data();
#pragma omp simd
  for (std::int64_t g = 0; g < groups_; ++g) bounds[g] = formulas::shrunk(bounds[g], most[g]);
  bounds[own] = own_bound;
  T least = bounds[0];
#pragma omp simd reduction(min : least)
  for (std::int64_t g = 0; g < groups_; ++g) least = std::min(least, bounds[g]);
  upper = formulas::grown(upper, moved_[static_cast<std::size_t>(label)]);
  return !formulas::surely_nearest(d_, upper, least);
}

template <class T>
std::int64_t DistanceBounds<T>::list_open(std::int64_t first, std::int64_t last, const std::int32_t* labels,
                                          std::int64_t* open) {
  std::int64_t count = 0;
  for (std::int64_t i = first; i < last; ++i) {
    open[count] = i;
    count += age(i, labels[i]) ? 1 : 0;
  }
  return count;
}

template <class T>
bool DistanceBounds<T>::open_panels(std::int64_t i, T distance, std::int64_t own_group, std::uint8_t* wanted) {
  T& upper = upper_[static_cast<std::size_t>(i)];
  upper = std::min(upper, distance);
  const T* bounds = lower(i);
  int open = 0;
  for (std::int64_t panel = 0; panel < panels_; ++panel) {
    T least = bounds[panel * per_panel_];
#pragma omp simd reduction(min : least)
    for (std::int64_t g = panel * per_panel_; g < last_group(panel); ++g) least = std::min(least, bounds[g]);
    wanted[panel] = formulas::surely_nearest(d_, upper, least) ? 0 : 1;
    open += wanted[panel];
  }
  if (open == 0) return false;
  wanted[own_group / per_panel_] = 1;
  return true;
}

template <class T>
void DistanceBounds<T>::set(std::int64_t i, const Searched& searched) {
  const auto at = static_cast<std::size_t>(searched.at);
  const T error = formulas::score_error<T>(d_, searched.norm, searched.center_norm);
  const auto below = [&](T score) { return formulas::distance_below(score, error, searched.norm); };
  const std::uint8_t* wanted = searched.scratch.wanted.data() + searched.at * panels_;
  const T* least = searched.scratch.group_least.data() + searched.at * stride_;
  T* bounds = lower(i);
  for (std::int64_t panel = 0; panel < panels_; ++panel) {
    if (wanted[panel] == 0) continue;
#pragma omp simd
    for (std::int64_t g = panel * per_panel_; g < last_group(panel); ++g) bounds[g] = below(least[g]);
  }
  // Of the own group all but the own centre count.
  bounds[searched.own_group] =
      per_panel_ > 1 ? std::numeric_limits<T>::infinity() : below(searched.scratch.runner_up[at]);
  T& upper = upper_[static_cast<std::size_t>(i)];
  const T above = formulas::distance_above(searched.scratch.score[at], error, searched.norm);
  upper = searched.stayed ? std::min(upper, above) : above;
}

template <class T>
void DistanceBounds<T>::forget_row(std::int64_t i) {
  if (!known_) return;
  upper_[static_cast<std::size_t>(i)] = std::numeric_limits<T>::infinity();
  std::fill_n(lower(i), groups_, T(0));
}

template class DistanceBounds<float>;
template class DistanceBounds<double>;

}  // namespace forja::cpu

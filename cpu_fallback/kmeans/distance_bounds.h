#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "kmeans/centers.h"
#include "kmeans/nearest_centers.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// Bounds by which a pass leaves out what cannot change a label (Ding et al. 2015): for each row an upper bound on the
/// distance to its own centre, and for each group of centres a lower bound on the distance to all of them but its own.
/// With one centre per group they are Elkan's (2003), with one group Hamerly's (2010). (groups + 1) numbers per row.
template <class T>
class DistanceBounds {
 public:
  bool known() const { return known_; }
  void forget() { known_ = false; }

  /// The centres move; may be called several times between passes.
  void move(const Centers<T>& from, const Centers<T>& to);
  /// To be called before each pass, which sets the bounds of every row where they are not known.
  void begin_pass(std::int64_t rows, const NearestCenters<T>& nearest, const Centers<T>& centers);
  /// Where they are not known: bounds that rule out nothing.
  void open_all() { std::fill(lower_.begin(), lower_.end(), T(0)); }
  /// After it: the moves so far are in the bounds.
  void end_pass();

  /// Brings rows first .. last - 1 up to date with the moves and lists those that another centre may have come nearest
  /// to; returns how many. labels: of all rows. open: room for last - first.
  std::int64_t list_open(std::int64_t first, std::int64_t last, const std::int32_t* labels, std::int64_t* open);
  /// For a listed row, after measuring: x' is within `distance` of its centre. Marks the panels that may
  /// hold a nearer one, and that of its own group if there are any. False: there are none.
  bool open_panels(std::int64_t i, T distance, std::int64_t own_group, std::uint8_t* wanted);
  /// Of groups of one: the group whose centre is nearest, found by bounds on distances alone; -1: they do not tell.
  /// measure(group) gives the least and the most that row i may be from its centre, and is asked of few. own: the row's
  /// group, of which open_panels() knows the distance; -1: it has none yet.
  template <class Measure>
  std::int64_t settle(std::int64_t i, std::int64_t own, const Measure& measure);
  /// What search_wanted() found for row i.
  struct Searched {
    const NearestScratch<T>& scratch;
    std::int64_t at;         ///< its place in the scratch
    std::int64_t own_group;  ///< of the centre that was found
    bool stayed;             ///< the centre is the one of before
    T norm;                  ///< of the row, rounded up
    T center_norm;           ///< of all centres, likewise
  };
  void set(std::int64_t i, const Searched& searched);
  /// Row i has been given to another cluster.
  void forget_row(std::int64_t i);

 private:
  /// The two largest moves in a group, and whose the largest is.
  struct GroupMove {
    T most = 0;
    T next = 0;
    std::int32_t center = -1;
  };
  bool age(std::int64_t i, std::int32_t label);
  T* lower(std::int64_t i) { return lower_.data() + i * groups_; }
  const T* lower(std::int64_t i) const { return lower_.data() + i * groups_; }

  std::int64_t last_group(std::int64_t panel) const { return std::min(groups_, (panel + 1) * per_panel_); }

  std::int64_t groups_ = 0;
  std::int64_t per_panel_ = 1;  // groups
  std::int64_t panels_ = 0;
  std::int64_t stride_ = 0;  // of the groups in a scratch
  std::int64_t d_ = 0;
  bool known_ = false;
  AlignedVector<T> upper_;
  AlignedVector<T> lower_;
  std::vector<T> moved_;  // per centre
  std::vector<GroupMove> group_moves_;
  AlignedVector<T> most_;  // of group_moves_
  std::vector<std::int64_t> group_of_;
};

template <class T>
template <class Measure>
std::int64_t DistanceBounds<T>::settle(std::int64_t i, std::int64_t own, const Measure& measure) {
  T* bounds = lower(i);
  T& upper = upper_[static_cast<std::size_t>(i)];
  const T unbounded = std::numeric_limits<T>::infinity();
  if (own >= 0) bounds[own] = unbounded;
  std::int64_t nearest = own;
  T most = upper;
  for (std::int64_t group = 0; group < groups_; ++group) {
    if (formulas::surely_nearest(d_, most, bounds[group])) continue;
    const auto distance = measure(group);
    bounds[group] = std::max(bounds[group], distance.least);
    if (!(distance.most < most)) continue;
    nearest = group;
    most = distance.most;
  }
  if (nearest < 0) return -1;
  if (own >= 0 && nearest != own) bounds[own] = measure(own).least;
  const T kept = std::exchange(bounds[nearest], unbounded);
  T least = unbounded;
#pragma omp simd reduction(min : least)
  for (std::int64_t group = 0; group < groups_; ++group) least = std::min(least, bounds[group]);
  if (formulas::surely_nearest(d_, most, least)) {
    upper = most;
    return nearest;
  }
  bounds[nearest] = kept;
  if (own >= 0) bounds[own] = unbounded;
  return -1;
}

}  // namespace forja::cpu

#include "kmeans/center_order.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

namespace forja::cpu {
namespace {

/// Of these centres, the one farthest from `from`.
template <class T>
const T* farthest(const Centers<T>& centers, std::span<const std::int32_t> members, const T* from) {
  const T* found = from;
  double most = 0;
  for (const std::int32_t member : members) {
    const double distance = squared_distance(centers.row(member), from, centers.columns());
    if (distance > most) {
      most = distance;
      found = centers.row(member);
    }
  }
  return found;
}

template <class T>
void sort_along_a_line(const Centers<T>& centers, std::span<std::int32_t> members) {
  const T* one_end = farthest(centers, members, centers.row(members.front()));
  const T* other_end = farthest(centers, members, one_end);
  std::vector<std::pair<double, std::int32_t>> places;
  places.reserve(members.size());
  for (const std::int32_t member : members) {
    const T* c = centers.row(member);
    places.emplace_back(
        squared_distance(c, one_end, centers.columns()) - squared_distance(c, other_end, centers.columns()), member);
  }
  std::sort(places.begin(), places.end());
  std::transform(places.begin(), places.end(), members.begin(), [](const auto& place) { return place.second; });
}

template <class T>
void split(const Centers<T>& centers, std::span<std::int32_t> members, std::size_t group) {
  if (members.size() <= group) return;
  sort_along_a_line(centers, members);
  const std::size_t groups = (members.size() + group - 1) / group;
  const std::size_t half = groups / 2 * group;
  split(centers, members.first(half), group);
  split(centers, members.subspan(half), group);
}

}  // namespace

template <class T>
std::vector<std::int32_t> neighbours_together(const Centers<T>& centers, std::int64_t group) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(centers.count()));
  std::iota(order.begin(), order.end(), 0);
  split<T>(centers, order, static_cast<std::size_t>(group));
  return order;
}

template std::vector<std::int32_t> neighbours_together(const Centers<float>&, std::int64_t);
template std::vector<std::int32_t> neighbours_together(const Centers<double>&, std::int64_t);

}  // namespace forja::cpu

#include "svm/smo.h"

#include <hwy/highway.h>

#include <algorithm>
#include <limits>

#include "formulas/smo.h"

namespace forja::cpu {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::ScalableTag<double>;
using Vector = hn::Vec<Tag>;
constexpr auto kLanes = static_cast<std::int64_t>(hn::MaxLanes(Tag()));
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Numbers of T from an address of any kind, in double.
HWY_INLINE Vector load(const double* from) { return hn::LoadU(Tag(), from); }
HWY_INLINE Vector load(const float* from) {
  const hn::Rebind<float, Tag> narrow;
  return hn::PromoteTo(Tag(), hn::LoadU(narrow, from));
}

/// The best value of each lane and where it was met first.
struct LaneBest {
  Vector value;
  Vector at = hn::Zero(Tag());

  template <class Mask>
  HWY_INLINE void take(Mask better, Vector found, std::int64_t place) {
    value = hn::IfThenElse(better, found, value);
    at = hn::IfThenElse(better, hn::Set(Tag(), static_cast<double>(place)), at);
  }
  /// The best of all lanes by better(a, b); of equal ones the lowest place.
  template <class Better>
  std::pair<double, std::int64_t> best(const Better& better) const {
    HWY_ALIGN double values[kLanes];
    HWY_ALIGN double places[kLanes];
    hn::Store(value, Tag(), values);
    hn::Store(at, Tag(), places);
    std::int64_t found = 0;
    const auto place = [&](std::int64_t lane) { return static_cast<std::int64_t>(places[lane]) + lane; };
    for (std::int64_t lane = 1; lane < kLanes; ++lane) {
      if (better(values[lane], values[found]) || (values[lane] == values[found] && place(lane) < place(found))) {
        found = lane;
      }
    }
    return {values[found], place(found)};
  }
};

/// The greatest quotient of each lane and where it was met first, without a division for each.
struct LaneQuotient {
  Vector over = hn::Zero(Tag());
  Vector under = hn::Set(Tag(), 1);
  Vector at = hn::Zero(Tag());

  HWY_INLINE void take(Vector new_over, Vector new_under, std::int64_t place) {
    const auto better = hn::Gt(hn::Mul(new_over, under), hn::Mul(over, new_under));
    over = hn::IfThenElse(better, new_over, over);
    under = hn::IfThenElse(better, new_under, under);
    at = hn::IfThenElse(better, hn::Set(Tag(), static_cast<double>(place)), at);
  }
  std::pair<double, std::int64_t> best() const { return LaneBest{hn::Div(over, under), at}.best(std::greater<>()); }
};

std::int64_t in_vectors(std::int64_t count) { return (count + kLanes - 1) / kLanes * kLanes; }

}  // namespace

template <class T>
Smo<T>::Smo(std::int64_t first, std::int64_t second, double epsilon) : epsilon_(epsilon), count_(first + second) {
  groups_.push_back({0, in_vectors(first), first});
  if (second > 0) groups_.push_back({in_vectors(first), in_vectors(first) + in_vectors(second), second});
  const auto places = static_cast<std::size_t>(width());
  for (AlignedVector<double>* of_place : {&b_, &lower_, &upper_, &gradient_, &diagonal_}) of_place->assign(places, 0.0);
  rise_.assign(places, kInfinity);
  fall_.assign(places, -kInfinity);
}

template <class T>
Smo<T>::Smo(const compute::SvmProblem& problem)
    : Smo(problem.first_group > 0 ? problem.first_group : std::ssize(problem.rows),
          problem.first_group > 0 ? std::ssize(problem.rows) - problem.first_group : 0, problem.epsilon) {
  for (std::int64_t v = 0; v < count_; ++v) {
    const auto from = static_cast<std::size_t>(v);
    const std::size_t to = at(v);
    lower_[to] = problem.lower[from];
    upper_[to] = problem.upper[from];
    gradient_[to] = problem.linear[from];
    set_b(v, problem.start.empty() ? 0 : problem.start[from]);
  }
}

template <class T>
Smo<T> Smo<T>::part(const std::vector<std::int64_t>& variables) const {
  const auto first =
      std::count_if(variables.begin(), variables.end(), [&](std::int64_t v) { return v < groups_[0].count; });
  Smo found(first, std::ssize(variables) - first, epsilon_);
  for (std::int64_t k = 0; k < found.count_; ++k) {
    const std::size_t from = at(variables[static_cast<std::size_t>(k)]);
    const std::size_t to = found.at(k);
    found.lower_[to] = lower_[from];
    found.upper_[to] = upper_[from];
    found.gradient_[to] = gradient_[from];
    found.diagonal_[to] = diagonal_[from];
    found.set_b(k, b_[from]);
  }
  return found;
}

template <class T>
void Smo<T>::set_b(std::int64_t v, double value) {
  b_[at(v)] = value;
  set_slopes(at(v));
}

template <class T>
void Smo<T>::set_slopes(std::size_t place) {
  rise_[place] = formulas::rise(b_[place], upper_[place], epsilon_);
  fall_[place] = formulas::fall(b_[place], lower_[place], epsilon_);
}

template <class T>
void Smo<T>::find_up(Group& group) const {
  LaneBest least{hn::Set(Tag(), kInfinity)};
  for (std::int64_t k = group.begin; k < group.end; k += kLanes) {
    const Vector slope = hn::Add(hn::Load(Tag(), gradient_.data() + k), hn::Load(Tag(), rise_.data() + k));
    least.take(hn::Lt(slope, least.value), slope, k);
  }
  std::tie(group.least, group.up) = least.best(std::less<>());
  if (group.least == kInfinity) group.up = -1;
}

template <class T>
void Smo<T>::find_down(const Group& group, const T* row, Pair& best, double& violation) const {
  const Tag tag;
  const Vector least = hn::Set(tag, group.least);
  const Vector own = hn::Set(tag, diagonal_[static_cast<std::size_t>(group.up)]);
  const Vector flat = hn::Set(tag, formulas::kLeastCurvature);
  LaneQuotient even;  // two chains, so that one need not wait for the other
  LaneQuotient odd;
  Vector steepest = hn::Zero(tag);
  const auto look = [&](std::int64_t k, LaneQuotient& most) HWY_ATTR {
    const Vector down = hn::Add(hn::Load(tag, gradient_.data() + k), hn::Load(tag, fall_.data() + k));
    const Vector slope = hn::Max(hn::Sub(down, least), hn::Zero(tag));
    steepest = hn::Max(steepest, slope);
    const Vector kernel = load(row + k);
    const Vector curvature =
        hn::Max(hn::Sub(hn::Add(own, hn::Load(tag, diagonal_.data() + k)), hn::Add(kernel, kernel)), flat);
    most.take(hn::Mul(slope, slope), curvature, k);
  };
  std::int64_t k = group.begin;
  for (; k + kLanes < group.end; k += 2 * kLanes) {
    look(k, even);
    look(k + kLanes, odd);
  }
  if (k < group.end) look(k, even);
  violation = std::max(violation, hn::GetLane(hn::MaxOfLanes(tag, steepest)));
  auto [gain, down] = even.best();
  const auto [other, place_of_other] = odd.best();
  if (other > gain || (other == gain && place_of_other < down)) {
    gain = other;
    down = place_of_other;
  }
  if (!(gain > best.gain)) return;
  const auto place = static_cast<std::size_t>(down);
  best = {group.up, down, gain, gradient_[place] + fall_[place] - group.least,
          formulas::curvature(diagonal_[static_cast<std::size_t>(group.up)], diagonal_[place],
                              static_cast<double>(row[down]))};
}

template <class T>
void Smo<T>::move(double step, const T* up, const T* down) {
  const Tag tag;
  const Vector by = hn::Set(tag, step);
  for (Group& group : groups_) {
    LaneBest least{hn::Set(tag, kInfinity)};
    for (std::int64_t k = group.begin; k < group.end; k += kLanes) {
      const Vector gradient =
          hn::MulAdd(by, hn::Sub(load(up + k), load(down + k)), hn::Load(tag, gradient_.data() + k));
      hn::Store(gradient, tag, gradient_.data() + k);
      const Vector slope = hn::Add(gradient, hn::Load(tag, rise_.data() + k));
      least.take(hn::Lt(slope, least.value), slope, k);
    }
    std::tie(group.least, group.up) = least.best(std::less<>());
    if (group.least == kInfinity) group.up = -1;
  }
}

template <class T>
double Smo<T>::violation() {
  double found = 0;
  for (Group& group : groups_) {
    find_up(group);
    if (group.up < 0) continue;
    for (auto k = static_cast<std::size_t>(group.begin); k < static_cast<std::size_t>(group.end); ++k) {
      found = std::max(found, gradient_[k] + fall_[k] - group.least);
    }
  }
  return found;
}

template <class T>
std::vector<std::int64_t> Smo<T>::steepest(std::int64_t most, std::span<const std::int64_t> but) const {
  using Slope = std::pair<double, std::int64_t>;
  std::vector<std::int64_t> chosen;
  std::vector<char> taken(b_.size());
  for (const std::int64_t v : but) taken[at(v)] = 1;
  std::vector<Slope> slopes;
  const auto half = static_cast<std::size_t>(std::max<std::int64_t>(most / 2 / std::ssize(groups_), 1));
  const auto take = [&](std::size_t count) {
    if (slopes.size() > count) {
      std::nth_element(slopes.begin(), slopes.begin() + static_cast<std::ptrdiff_t>(count), slopes.end());
      slopes.resize(count);
    }
    for (const Slope& slope : slopes) {
      chosen.push_back(variable(slope.second));
      taken[static_cast<std::size_t>(slope.second)] = 1;
    }
    slopes.clear();
  };
  for (const Group& group : groups_) {
    for (std::int64_t k = group.begin; k < group.end; ++k) {
      const double slope = gradient_[static_cast<std::size_t>(k)] + rise_[static_cast<std::size_t>(k)];
      if (slope < kInfinity && !taken[static_cast<std::size_t>(k)]) slopes.emplace_back(slope, k);
    }
    take(half);
    for (std::int64_t k = group.begin; k < group.end; ++k) {
      const double slope = gradient_[static_cast<std::size_t>(k)] + fall_[static_cast<std::size_t>(k)];
      if (slope > -kInfinity && !taken[static_cast<std::size_t>(k)]) slopes.emplace_back(-slope, k);
    }
    take(half);
  }
  return chosen;
}

template <class T>
std::vector<std::int64_t> Smo<T>::movable(const std::vector<std::int64_t>& variables) const {
  const auto second = [&](std::int64_t v) { return v >= groups_[0].count ? std::size_t{1} : std::size_t{0}; };
  double least[] = {kInfinity, kInfinity};
  double most[] = {-kInfinity, -kInfinity};
  for (const std::int64_t v : variables) {
    const std::size_t place = at(v);
    least[second(v)] = std::min(least[second(v)], gradient_[place] + rise_[place]);
    most[second(v)] = std::max(most[second(v)], gradient_[place] + fall_[place]);
  }
  std::vector<std::int64_t> found;
  for (const std::int64_t v : variables) {
    const std::size_t place = at(v);
    const bool up = gradient_[place] + rise_[place] < most[second(v)];
    const bool down = gradient_[place] + fall_[place] > least[second(v)];
    if (up || down) found.push_back(v);
  }
  return found;
}

template class Smo<float>;
template class Smo<double>;

}  // namespace forja::cpu

#include "linear/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include "linear/lbfgs_history.h"

namespace forja::core {
namespace {

using Vector = std::vector<double>;

/// What is seen along a direction.
struct Probe {
  double step = 0;
  double slope = 0;
  Place place;
};

/// A step along a descent direction for the strong Wolfe conditions.
class LineSearch {
 public:
  LineSearch(const Objective& objective, const Place& from, const Vector& direction, double noise)
      : objective_(objective),
        from_(from),
        direction_(direction),
        slope_(dot(from.gradient, direction)),
        slack_(noise * std::fabs(from.value)) {}

  /// Empty where no step made the value less.
  std::optional<Probe> search(double step) {
    Probe before{0, slope_, from_};
    for (left_ = kMostProbes; left_ > 0;) {
      Probe now = probe(step);
      if (too_high(now) || (before.step > 0 && now.place.value >= before.place.value)) return zoom(before, now);
      if (flat(now)) return now;
      if (now.slope >= 0) return zoom(now, before);
      before = std::move(now);
      step *= 2;
    }
    return before;
  }

 private:
  static constexpr int kMostProbes = 30;
  static constexpr double kDecrease = 1e-4;  ///< c1
  static constexpr double kFlatter = 0.9;    ///< c2

  Probe probe(double step) {
    --left_;
    Probe now{step, 0, {from_.point, Vector(from_.point.size()), 0}};
    for (std::size_t i = 0; i < direction_.size(); ++i) now.place.point[i] += step * direction_[i];
    now.place.value = objective_(now.place.point, now.place.gradient);
    now.slope = dot(now.place.gradient, direction_);
    return now;
  }

  bool too_high(const Probe& now) const {
    return !(now.place.value <= from_.value + kDecrease * now.step * slope_ + slack_) || !std::isfinite(now.slope);
  }
  bool flat(const Probe& now) const { return std::fabs(now.slope) <= -kFlatter * slope_; }

  /// Between `low`, the best so far, and `high`, on the other side of a minimum.
  std::optional<Probe> zoom(Probe low, Probe high) {
    while (left_ > 0) {
      Probe now = probe(between(low, high));
      if (too_high(now) || now.place.value >= low.place.value + slack_) {
        high = std::move(now);
        continue;
      }
      if (flat(now)) return now;
      if (now.slope * (high.step - low.step) >= 0) high = std::move(low);
      low = std::move(now);
    }
    if (low.step == 0) return std::nullopt;
    return low;
  }

  /// The minimum of the cubic through both, kept away from the ends; the middle where there is none.
  static double between(const Probe& low, const Probe& high) {
    const double width = high.step - low.step;
    const double middle = low.step + 0.5 * width;
    if (!std::isfinite(high.place.value) || !std::isfinite(high.slope)) return middle;
    const double d1 = low.slope + high.slope - 3 * (high.place.value - low.place.value) / width;
    const double square = d1 * d1 - low.slope * high.slope;
    if (!(square >= 0)) return middle;
    const double d2 = std::copysign(std::sqrt(square), width);
    const double step = high.step - width * (high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2);
    const double share = (step - low.step) / width;
    return std::isfinite(share) ? low.step + std::clamp(share, 0.1, 0.9) * width : middle;
  }

  const Objective& objective_;
  const Place& from_;
  const Vector& direction_;
  double slope_;
  double slack_;
  int left_ = 0;
};

/// One iteration's step; empty where none makes the value less, not even straight downhill.
std::optional<Probe> take_step(const Objective& objective, const Place& from, const LbfgsRules& rules,
                               LbfgsHistory& history) {
  while (true) {
    Vector direction = history.direction(from.gradient);
    const double slope = dot(from.gradient, direction);
    if (slope < 0) {
      const double first = history.empty() ? std::min(1.0, 1 / std::sqrt(dot(direction, direction))) : 1;
      std::optional<Probe> found = LineSearch(objective, from, direction, rules.noise).search(first);
      if (found) return found;
    }
    if (history.empty()) return std::nullopt;
    history.clear();
  }
}

}  // namespace

LbfgsEnd minimise(const Objective& objective, std::vector<double> start, const LbfgsRules& rules, const Watch& watch) {
  Place here{std::move(start), {}, 0};
  here.gradient.resize(here.point.size());
  here.value = objective(here.point, here.gradient);
  LbfgsHistory history(rules.history);
  LbfgsEnd end;
  while (end.n_iter < rules.max_iter && greatest(here.gradient) > rules.tol) {
    std::optional<Probe> next = take_step(objective, here, rules, history);
    if (!next) break;
    ++end.n_iter;
    watch.tell(end.n_iter, here.value);
    history.add(here, next->place);
    here = std::move(next->place);
  }
  end.gradient_norm = greatest(here.gradient);
  end.converged = end.gradient_norm <= rules.tol;
  end.value = here.value;
  end.point = std::move(here.point);
  return end;
}

}  // namespace forja::core

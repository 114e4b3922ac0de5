#include "linear/owl_qn.h"

#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include "linear/lbfgs_history.h"

namespace forja::core {
namespace {

using Vector = std::vector<double>;

/// -1, 0 or 1.
double sign_of(double value) { return static_cast<double>(value > 0) - static_cast<double>(value < 0); }

class OrthantWise {
 public:
  OrthantWise(const Objective& objective, std::span<const double> l1, const LbfgsRules& rules)
      : objective_(objective), l1_(l1), rules_(rules), history_(rules.history) {}

  LbfgsEnd run(Vector start, const Watch& watch) {
    Place here = place_at(std::move(start));
    LbfgsEnd end;
    Vector slope = subgradient(here);
    while (end.n_iter < rules_.max_iter && greatest(slope) > rules_.tol) {
      std::optional<Place> next = step(here, slope);
      if (!next) break;
      ++end.n_iter;
      watch.tell(end.n_iter, here.value);
      history_.add(here, *next);
      here = std::move(*next);
      slope = subgradient(here);
    }
    end.gradient_norm = greatest(slope);
    end.converged = end.gradient_norm <= rules_.tol;
    end.value = here.value;
    end.point = std::move(here.point);
    return end;
  }

 private:
  static constexpr int kMostProbes = 30;
  static constexpr double kDecrease = 1e-4;

  /// The gradient is the smooth part's, the value the whole one's.
  Place place_at(Vector point) const {
    Place place{std::move(point), {}, 0};
    place.gradient.resize(place.point.size());
    place.value = objective_(place.point, place.gradient);
    for (std::size_t k = 0; k < l1_.size(); ++k) place.value += l1_[k] * std::fabs(place.point[k]);
    return place;
  }

  /// Of least norm.
  Vector subgradient(const Place& place) const {
    Vector slope = place.gradient;
    for (std::size_t k = 0; k < slope.size(); ++k) {
      const double side = sign_of(place.point[k]);
      if (side != 0) {
        slope[k] += side * l1_[k];
      } else {
        slope[k] = sign_of(slope[k]) * std::fmax(std::fabs(slope[k]) - l1_[k], 0);
      }
    }
    return slope;
  }

  /// Empty where none makes the value less, not even straight downhill.
  std::optional<Place> step(const Place& here, const Vector& slope) {
    while (true) {
      Vector direction = history_.direction(slope);
      // What the curvature turns uphill stays.
      for (std::size_t k = 0; k < direction.size(); ++k) {
        if (direction[k] * slope[k] >= 0) direction[k] = 0;
      }
      double length = history_.empty() ? std::fmin(1, 1 / std::sqrt(dot(direction, direction))) : 1;
      for (int probe = 0; probe < kMostProbes && dot(direction, slope) < 0; ++probe, length *= 0.5) {
        Place next = place_at(within_orthant(here, slope, direction, length));
        double fall = 0;
        for (std::size_t k = 0; k < slope.size(); ++k) fall += slope[k] * (next.point[k] - here.point[k]);
        if (fall < 0 && next.value <= here.value + kDecrease * fall + rules_.noise * std::fabs(here.value)) return next;
      }
      if (history_.empty()) return std::nullopt;
      history_.clear();
    }
  }

  /// A step, ended at zero where it would change a sign, or that of the way downhill where there is none.
  static Vector within_orthant(const Place& here, const Vector& slope, const Vector& direction, double length) {
    Vector point = here.point;
    for (std::size_t k = 0; k < point.size(); ++k) {
      const double side = point[k] != 0 ? sign_of(point[k]) : -sign_of(slope[k]);
      point[k] += length * direction[k];
      if (sign_of(point[k]) != side) point[k] = 0;
    }
    return point;
  }

  const Objective& objective_;
  std::span<const double> l1_;
  LbfgsRules rules_;
  LbfgsHistory history_;
};

}  // namespace

LbfgsEnd minimise_sparse(const Objective& objective, std::span<const double> l1, std::vector<double> start,
                         const LbfgsRules& rules, const Watch& watch) {
  return OrthantWise(objective, l1, rules).run(std::move(start), watch);
}

}  // namespace forja::core

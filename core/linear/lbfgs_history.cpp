#include "linear/lbfgs_history.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace forja::core {
namespace {

using Vector = std::vector<double>;

void add_to(Vector& to, double factor, const Vector& from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * from[i];
}

}  // namespace

double dot(const Vector& a, const Vector& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

double greatest(const Vector& values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::fabs(value));
  return most;
}

void LbfgsHistory::add(const Place& from, const Place& to) {
  Pair pair{Vector(from.point.size()), Vector(from.point.size()), 0};
  for (std::size_t i = 0; i < from.point.size(); ++i) {
    pair.step[i] = to.point[i] - from.point[i];
    pair.change[i] = to.gradient[i] - from.gradient[i];
  }
  const double curvature = dot(pair.step, pair.change);
  if (!(curvature > 1e-14 * dot(pair.change, pair.change))) return;
  pair.inverse = 1 / curvature;
  pairs_.push_back(std::move(pair));
  if (pairs_.size() > most_) pairs_.pop_front();
}

Vector LbfgsHistory::direction(const Vector& gradient) const {
  Vector d = gradient;
  Vector taken(pairs_.size());
  for (std::size_t k = pairs_.size(); k-- > 0;) {
    taken[k] = pairs_[k].inverse * dot(pairs_[k].step, d);
    add_to(d, -taken[k], pairs_[k].change);
  }
  if (!pairs_.empty()) {
    const Pair& last = pairs_.back();
    const double curve = last.inverse * dot(last.change, last.change);
    for (double& value : d) value /= curve;
  }
  for (std::size_t k = 0; k < pairs_.size(); ++k) {
    add_to(d, taken[k] - pairs_[k].inverse * dot(pairs_[k].change, d), pairs_[k].step);
  }
  for (double& value : d) value = -value;
  return d;
}

}  // namespace forja::core

#pragma once

#include <cstddef>
#include <deque>
#include <vector>

namespace forja::core {

double dot(const std::vector<double>& a, const std::vector<double>& b);
/// The greatest absolute value.
double greatest(const std::vector<double>& values);

/// A point, its value and gradient.
struct Place {
  std::vector<double> point;
  std::vector<double> gradient;
  double value = 0;
};

/// What recent steps say of the curvature.
class LbfgsHistory {
 public:
  explicit LbfgsHistory(int most) : most_(static_cast<std::size_t>(most)) {}

  bool empty() const { return pairs_.empty(); }
  void clear() { pairs_.clear(); }
  /// Leaves out steps that show no curvature.
  void add(const Place& from, const Place& to);
  /// Minus the inverse Hessian as it is known, times the gradient: the two loops.
  std::vector<double> direction(const std::vector<double>& gradient) const;

 private:
  struct Pair {
    std::vector<double> step;
    std::vector<double> change;
    double inverse;
  };

  std::size_t most_;
  std::deque<Pair> pairs_;
};

}  // namespace forja::core

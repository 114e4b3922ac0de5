#include "svm/platt.h"

#include <algorithm>
#include <cmath>

#include "linear/cholesky.h"

namespace forja::core {
namespace {

/// What a search has to know where it stands: the negative logarithm of the likelihood and its slopes.
struct SigmoidPoint {
  double value = 0;
  double slope_a = 0;
  double slope_b = 0;
  double bend_aa = 0;
  double bend_ab = 0;
  double bend_bb = 0;
};

SigmoidPoint look(const Sigmoid& at, std::span<const double> decisions, std::span<const double> targets) {
  constexpr double kLeastBend = 1e-12;  // keeps the system solvable where all decisions are the same
  SigmoidPoint found{.bend_aa = kLeastBend, .bend_bb = kLeastBend};
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    const double power = at.a * decisions[i] + at.b;
    const double small = std::exp(-std::fabs(power));  // never overflows
    const double p = power >= 0 ? small / (1 + small) : 1 / (1 + small);
    found.value += (power >= 0 ? targets[i] : targets[i] - 1) * power + std::log1p(small);
    const double miss = targets[i] - p;
    const double bend = small / ((1 + small) * (1 + small));
    found.slope_a += decisions[i] * miss;
    found.slope_b += miss;
    found.bend_aa += decisions[i] * decisions[i] * bend;
    found.bend_ab += decisions[i] * bend;
    found.bend_bb += bend;
  }
  return found;
}

}  // namespace

double Sigmoid::operator()(double decision) const {
  const double power = a * decision + b;
  const double small = std::exp(-std::fabs(power));
  return power >= 0 ? small / (1 + small) : 1 / (1 + small);
}

Sigmoid fit_sigmoid(std::span<const double> decisions, const std::vector<bool>& positive) {
  constexpr int kMostSteps = 100;
  constexpr double kFlat = 1e-5;
  constexpr double kLeastStep = 1e-10;
  constexpr double kDescent = 1e-4;
  const auto first = static_cast<double>(std::count(positive.begin(), positive.end(), true));
  const auto second = static_cast<double>(positive.size()) - first;
  std::vector<double> targets;
  targets.reserve(positive.size());
  for (const bool own : positive) targets.push_back(own ? (first + 1) / (first + 2) : 1 / (second + 2));
  Sigmoid at{0, std::log((second + 1) / (first + 1))};
  SigmoidPoint here = look(at, decisions, targets);
  for (int k = 0; k < kMostSteps && std::max(std::fabs(here.slope_a), std::fabs(here.slope_b)) >= kFlat; ++k) {
    const double determinant = here.bend_aa * here.bend_bb - here.bend_ab * here.bend_ab;
    const double way_a = -(here.bend_bb * here.slope_a - here.bend_ab * here.slope_b) / determinant;
    const double way_b = -(here.bend_aa * here.slope_b - here.bend_ab * here.slope_a) / determinant;
    const double gain = here.slope_a * way_a + here.slope_b * way_b;
    bool moved = false;
    double step = 1;
    while (!moved && step >= kLeastStep) {
      const Sigmoid next{at.a + step * way_a, at.b + step * way_b};
      const SigmoidPoint there = look(next, decisions, targets);
      moved = there.value < here.value + kDescent * step * gain;
      if (moved) {
        at = next;
        here = there;
      }
      step /= 2;
    }
    if (!moved) break;
  }
  return at;
}

void couple_pairs(std::span<const double> pairs, std::span<double> out) {
  constexpr double kLeast = 1e-7;  // no pair is certain
  const std::int64_t classes = std::ssize(out);
  // The minimum over p of p'Qp with e'p = 1 lies where (Q + ee') p is a multiple of e; that matrix is positive
  // definite.
  Matrix<double> system(classes, classes, 1.0);
  std::size_t pair = 0;
  for (std::int64_t a = 0; a < classes; ++a) {
    for (std::int64_t b = a + 1; b < classes; ++b) {
      const double told = pairs[pair++];
      const double wins = std::isnan(told) ? 0.5 : std::clamp(told, kLeast, 1 - kLeast);
      system(a, a) += (1 - wins) * (1 - wins);
      system(b, b) += wins * wins;
      system(b, a) -= wins * (1 - wins);
    }
  }
  std::fill(out.begin(), out.end(), 1.0);
  Cholesky::factor(std::move(system)).value().solve(out);
  double sum = 0;
  for (double& p : out) sum += p = std::max(p, 0.0);
  for (double& p : out) p /= sum;
}

}  // namespace forja::core

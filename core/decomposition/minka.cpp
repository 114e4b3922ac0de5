#include "decomposition/minka.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

namespace forja::core {

// What depends on pairs of kept directions grows by one direction at a time; what depends on the noise is a sum over
// the kept ones: d^2 terms in all.
std::int64_t likeliest_dimension(std::span<const double> squares, std::int64_t n) {
  constexpr double kVanishing = 1e-15;
  const auto d = std::ssize(squares);
  if (d < 2 || !(squares[0] > 0)) return 1;
  // A common factor of all variances changes every likelihood alike.
  std::vector<double> v(squares.begin(), squares.end());
  for (double& value : v) value /= squares[0];
  std::vector<double> rest(v.size() + 1);  // sum from i on
  for (std::int64_t i = d - 1; i >= 0; --i) {
    rest[static_cast<std::size_t>(i)] = rest[static_cast<std::size_t>(i) + 1] + v[static_cast<std::size_t>(i)];
  }
  const auto rows = static_cast<double>(n);
  const double log_pi = std::log(std::numbers::pi);
  double best = -std::numeric_limits<double>::infinity();
  std::int64_t likeliest = 1;
  double prior = 0;      // of the orientation
  double log_kept = 0;   // sum of logarithms of the kept variances
  double log_gaps = 0;   // sum over i kept, j > i of log(v_i - v_j)
  double log_pairs = 0;  // sum over i < j kept of log(1 / v_j - 1 / v_i)
  const auto log_of = [kVanishing](double value) { return std::log(std::max(value, kVanishing)); };
  for (std::int64_t k = 1; k < d; ++k) {
    const double newest = v[static_cast<std::size_t>(k - 1)];
    if (newest < kVanishing) break;
    const auto left = static_cast<double>(d - k);
    prior += std::lgamma((left + 1) / 2) - log_pi * (left + 1) / 2 - std::numbers::ln2;
    log_kept += std::log(newest);
    for (std::int64_t j = k; j < d; ++j) log_gaps += log_of(newest - v[static_cast<std::size_t>(j)]);
    for (std::int64_t i = 0; i < k - 1; ++i) log_pairs += log_of(1 / newest - 1 / v[static_cast<std::size_t>(i)]);
    const double noise = std::max(rest[static_cast<std::size_t>(k)] / left, kVanishing);
    double log_noise_pairs = 0;
    for (std::int64_t i = 0; i < k; ++i) log_noise_pairs += log_of(1 / noise - 1 / v[static_cast<std::size_t>(i)]);
    const auto kept = static_cast<double>(k);
    const double pairs = static_cast<double>(d) * kept - kept * (kept + 1) / 2;
    const double curvature = log_gaps + log_pairs + left * log_noise_pairs + pairs * std::log(rows);
    const double likelihood = prior - log_kept * rows / 2 - std::log(noise) * rows * left / 2 +
                              std::log(2 * std::numbers::pi) * (pairs + kept) / 2 - curvature / 2 -
                              kept * std::log(rows) / 2;
    const bool splits_equals = newest <= v[static_cast<std::size_t>(k)] * (1 + kVanishing);
    if (likelihood > best && !splits_equals) {
      best = likelihood;
      likeliest = k;
    }
  }
  return likeliest;
}

}  // namespace forja::core

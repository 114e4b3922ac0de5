#include "linear/normal_equations.h"

#include <algorithm>

namespace forja::core {

std::optional<FactoredNormal> FactoredNormal::factor(const Matrix<double>& products, std::span<const double> lengths) {
  std::vector<std::int64_t> active;
  std::vector<double> length;
  for (std::size_t j = 0; j < lengths.size(); ++j) {
    if (!(lengths[j] > 0)) continue;
    active.push_back(static_cast<std::int64_t>(j));
    length.push_back(lengths[j]);
  }
  const auto size = static_cast<std::int64_t>(active.size());
  Matrix<double> scaled(size, size);
  for (std::int64_t a = 0; a < size; ++a) {
    const auto i = static_cast<std::size_t>(a);
    for (std::int64_t b = 0; b < a; ++b) {
      const auto j = static_cast<std::size_t>(b);
      scaled(a, b) = products(active[i], active[j]) / length[i] / length[j];
    }
    scaled(a, a) = 1;
  }
  std::optional<Cholesky> cholesky = Cholesky::factor(std::move(scaled));
  if (!cholesky) return std::nullopt;
  return FactoredNormal(std::move(active), std::move(length), std::move(*cholesky));
}

void FactoredNormal::solve(std::span<double> g) const {
  std::vector<double> x;
  for (std::size_t a = 0; a < active_.size(); ++a) x.push_back(g[static_cast<std::size_t>(active_[a])] / length_[a]);
  cholesky_.solve(x);
  std::fill(g.begin(), g.end(), 0);
  for (std::size_t a = 0; a < active_.size(); ++a) g[static_cast<std::size_t>(active_[a])] = x[a] / length_[a];
}

}  // namespace forja::core

#include "linear/r_squared.h"

namespace forja::core {

template <class T>
std::vector<double> target_spreads(MatrixView<const T> y, std::span<const T> sample_weight, std::int64_t first,
                                   std::int64_t last) {
  std::vector<double> spread;
  const auto weight = [&](std::int64_t i) {
    return sample_weight.empty() ? 1.0 : static_cast<double>(sample_weight[static_cast<std::size_t>(i)]);
  };
  for (std::int64_t t = 0; t < y.columns(); ++t) {
    double total = 0;
    double sum = 0;
    for (std::int64_t i = first; i < last; ++i) {
      total += weight(i);
      sum += weight(i) * static_cast<double>(y(i, t));
    }
    double squares = 0;
    for (std::int64_t i = first; i < last; ++i) {
      const double apart = static_cast<double>(y(i, t)) - sum / total;
      squares += weight(i) * apart * apart;
    }
    spread.push_back(squares);
  }
  return spread;
}

double mean_r_squared(std::span<const double> unexplained, std::span<const double> spread) {
  double sum = 0;
  for (std::size_t t = 0; t < spread.size(); ++t) {
    sum += spread[t] > 0 ? 1 - unexplained[t] / spread[t] : unexplained[t] > 0 ? 0.0 : 1.0;
  }
  return sum / static_cast<double>(spread.size());
}

template std::vector<double> target_spreads(MatrixView<const float>, std::span<const float>, std::int64_t,
                                            std::int64_t);
template std::vector<double> target_spreads(MatrixView<const double>, std::span<const double>, std::int64_t,
                                            std::int64_t);

}  // namespace forja::core

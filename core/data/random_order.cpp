#include "data/random_order.h"

#include <numeric>
#include <utility>

#include "formulas/counter_random.h"

namespace forja::core {

std::vector<std::int64_t> random_order(std::int64_t n, std::uint64_t seed, std::uint64_t stream) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::int64_t i = n - 1; i > 0; --i) {
    const std::int64_t j = formulas::random_below(seed, stream, static_cast<std::uint64_t>(i), i + 1);
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(j)]);
  }
  return order;
}

}  // namespace forja::core

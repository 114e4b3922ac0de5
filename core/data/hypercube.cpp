#include "data/hypercube.h"

#include <algorithm>
#include <unordered_set>

#include "data/random_order.h"
#include "formulas/counter_random.h"

namespace forja::core {

Matrix<double> hypercube_corners(std::int64_t corners, std::int64_t dimensions, std::uint64_t seed,
                                 std::uint64_t stream) {
  Matrix<double> made(corners, dimensions);
  // Corners differ in their first 62 dimensions: different numbers drawn from 2^62 (Floyd's method in Bentley 1987).
  const std::int64_t coded = std::min<std::int64_t>(dimensions, 62);
  const std::int64_t all = std::int64_t{1} << coded;
  std::unordered_set<std::int64_t> taken;
  std::vector<std::int64_t> codes;
  std::uint64_t counter = 0;
  for (std::int64_t last = all - corners; last < all; ++last) {
    const std::int64_t drawn = formulas::random_below(seed, stream, counter++, last + 1);
    codes.push_back(taken.insert(drawn).second ? drawn : last);
    taken.insert(codes.back());
  }
  const std::vector<std::int64_t> order = random_order(corners, seed, stream ^ (std::uint64_t{1} << 63));
  for (std::int64_t i = 0; i < corners; ++i) {
    const std::int64_t code = codes[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])];
    for (std::int64_t j = 0; j < dimensions; ++j) {
      const std::uint64_t bit =
          j < coded ? static_cast<std::uint64_t>(code >> j) & 1U : formulas::random_bits(seed, stream, counter++) >> 63;
      made(i, j) = static_cast<double>(bit);
    }
  }
  return made;
}

}  // namespace forja::core

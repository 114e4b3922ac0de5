#pragma once

#include <cstdint>

/// Where k-means draws its chance: every number is a function of (seed, stream, counter), see
/// formulas/counter_random.h. A stream is a purpose in the high 16 bits and a place in the low 48. Mini-batch rows have
/// streams of their own, formulas::batch_row().
namespace forja::core {

enum class Chance : std::uint64_t {
  seeding = 1,      ///< k-means++: place = run, counter = candidates drawn before
  first_rows = 2,   ///< random first centres: place = run, counter = rows drawn before
  init_sample = 3,  ///< the rows on which MiniBatchKMeans judges first centres: place = 0
  reassignment = 4  ///< rows that replace idle centres: place = the step after which they do
};

inline std::uint64_t chance_stream(Chance purpose, std::int64_t place) {
  return (static_cast<std::uint64_t>(purpose) << 48) + static_cast<std::uint64_t>(place);
}

}  // namespace forja::core

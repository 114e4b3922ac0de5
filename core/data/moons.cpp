#include <cmath>
#include <limits>
#include <numbers>

#include "data/random_normal.h"
#include "data/random_order.h"
#include "estimator/parameter_table.h"
#include "forja/generators.h"

namespace forja {
namespace {

enum MoonStream : std::uint64_t { kMoonOrder = 1, kMoonNoise = 2 };

const core::ParameterTable<MoonsOptions>& moons_params() {
  using Options = MoonsOptions;
  static const core::ParameterTable<Options> table =
      core::ParameterTable<Options>()
          .integer("n_samples", &Options::n_samples, 1)
          .boolean("shuffle", &Options::shuffle)
          .real("noise", &Options::noise, 0, std::numeric_limits<double>::max())
          .seed("seed", &Options::seed);
  return table;
}

}  // namespace

template <class T>
Moons<T> make_moons(const MoonsOptions& options) {
  moons_params().check("make_moons", options);
  const std::int64_t n = options.n_samples;
  const std::int64_t outer = n / 2;
  Moons<T> moons{Matrix<T>(n, 2), std::vector<std::int32_t>(static_cast<std::size_t>(n))};
  std::vector<std::int64_t> order;
  if (options.shuffle) order = core::random_order(n, options.seed, kMoonOrder);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t row = options.shuffle ? order[static_cast<std::size_t>(i)] : i;
    const bool inner = row >= outer;
    const std::int64_t place = inner ? row - outer : row;
    const std::int64_t last = (inner ? n - outer : outer) - 1;
    const double angle = last == 0 ? 0 : std::numbers::pi * static_cast<double>(place) / static_cast<double>(last);
    const double x[2] = {inner ? 1 - std::cos(angle) : std::cos(angle),
                         inner ? 0.5 - std::sin(angle) : std::sin(angle)};
    for (std::int64_t j = 0; j < 2; ++j) {
      const double noise = core::random_normal(options.seed, kMoonNoise, static_cast<std::uint64_t>(2 * i + j));
      moons.x(i, j) = static_cast<T>(x[j] + options.noise * noise);
    }
    moons.labels[static_cast<std::size_t>(i)] = inner ? 1 : 0;
  }
  return moons;
}

template FORJA_API Moons<float> make_moons(const MoonsOptions&);
template FORJA_API Moons<double> make_moons(const MoonsOptions&);

}  // namespace forja

#include "decomposition/component_count.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "decomposition/minka.h"
#include "forja/error.h"

namespace forja::core {

void check_components(std::string_view call, const ComponentCount& wanted, SvdSolver solver, std::int64_t rows,
                      std::int64_t columns) {
  if (wanted.kind() == ComponentCount::Kind::count && wanted.count() > std::min(rows, columns)) {
    throw InvalidArgument(
        fmt::format("{}: n_components = {} but x has {} rows and {} columns", call, wanted.count(), rows, columns));
  }
  if (wanted.kind() == ComponentCount::Kind::mle && rows < columns) {
    throw InvalidArgument(
        fmt::format("{}: n_components = \"mle\" but x has {} rows and {} columns", call, rows, columns));
  }
  if (solver == SvdSolver::randomized && wanted.kind() != ComponentCount::Kind::count) {
    throw InvalidArgument(fmt::format("{}: svd_solver = \"randomized\" but n_components is no count", call));
  }
}

std::int64_t components_to_keep(const ComponentCount& wanted, std::span<const double> squares, std::int64_t rows) {
  const auto all = std::ssize(squares);
  if (wanted.kind() == ComponentCount::Kind::all) return all;
  if (wanted.kind() == ComponentCount::Kind::count) return wanted.count();
  if (wanted.kind() == ComponentCount::Kind::mle) return likeliest_dimension(squares, rows);
  const double total = std::accumulate(squares.begin(), squares.end(), 0.0);
  double kept = 0;
  for (std::int64_t k = 0; k < all; ++k) {
    kept += squares[static_cast<std::size_t>(k)];
    if (kept > wanted.share() * total) return k + 1;
  }
  return all;
}

}  // namespace forja::core

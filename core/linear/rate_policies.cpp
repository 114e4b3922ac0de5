#include "linear/rate_policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "forja/error.h"

namespace forja::core {

PiecewiseConstantRate::PiecewiseConstantRate(std::vector<std::int64_t> boundaries, std::vector<double> rates)
    : boundaries_(std::move(boundaries)), rates_(std::move(rates)) {
  if (rates_.size() != boundaries_.size() + 1) {
    throw InvalidArgument(fmt::format("piecewise constant rate: {} rates for {} boundaries: one more is needed",
                                      rates_.size(), boundaries_.size()));
  }
  if (std::adjacent_find(boundaries_.begin(), boundaries_.end(), std::greater_equal<>()) != boundaries_.end()) {
    throw InvalidArgument("piecewise constant rate: the boundaries do not ascend");
  }
}

double PiecewiseConstantRate::rate(std::int64_t t) const {
  const auto piece = std::lower_bound(boundaries_.begin(), boundaries_.end(), t) - boundaries_.begin();
  return rates_[static_cast<std::size_t>(piece)];
}

void PlateauRate::after_epoch(double loss) {
  if (loss < state_.least_loss.value_or(std::numeric_limits<double>::infinity()) - options_.tol) {
    state_.without_progress = 0;
  } else if (++state_.without_progress >= options_.patience) {
    state_.rate *= options_.factor;
    state_.without_progress = 0;
  }
  if (loss < state_.least_loss.value_or(std::numeric_limits<double>::infinity())) state_.least_loss = loss;
}

}  // namespace forja::core

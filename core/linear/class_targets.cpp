#include "linear/class_targets.h"

#include <fmt/format.h>

#include <algorithm>

#include "estimator/dense_labels.h"
#include "forja/error.h"
#include "formulas/losses.h"
#include "linear/class_input.h"

namespace forja::core {
namespace {

/// What a margin says by itself. Of modified_huber (min(1, max(-1, margin)) + 1) / 2, as Zhang 2002 has it.
template <class T>
T share_of(SGDLoss loss, T margin) {
  return loss == SGDLoss::modified_huber ? (std::clamp(margin, T(-1), T(1)) + 1) / 2 : formulas::sigmoid(margin);
}

}  // namespace

std::vector<std::int32_t> partial_classes(std::string_view call, std::span<const std::int32_t> known,
                                          std::span<const std::int32_t> given, std::span<const std::int32_t> y) {
  if (known.empty()) return all_classes(call, given.empty() ? y : given);
  std::vector<std::int32_t> classes(known.begin(), known.end());
  if (!given.empty() && dense_labels(given).classes != classes) {
    throw InvalidArgument(
        fmt::format("{}: {} classes are not the {} of the calls before", call, given.size(), known.size()));
  }
  return classes;
}

template <class T>
Matrix<T> class_targets(SGDLoss loss, std::span<const std::int32_t> places, std::int64_t outputs) {
  const bool numbers = loss < SGDLoss::hinge;
  Matrix<T> targets(std::ssize(places), numbers ? outputs : 1);
  for (std::int64_t i = 0; i < targets.rows(); ++i) {
    const std::int32_t own = places[static_cast<std::size_t>(i)];
    for (std::int64_t c = 0; c < targets.columns(); ++c) {
      targets(i, c) = !numbers ? static_cast<T>(own) : (own == (outputs == 1 ? 1 : c) ? T(1) : T(-1));
    }
  }
  return targets;
}

template <class T>
Matrix<T> probabilities(SGDLoss loss, const Matrix<T>& margins) {
  const std::int64_t classes = margins.columns() == 1 ? 2 : margins.columns();
  Matrix<T> shares(margins.rows(), classes);
  for (std::int64_t i = 0; i < margins.rows(); ++i) {
    if (classes == 2) {
      shares(i, 0) = share_of(loss, -margins(i, 0));
      shares(i, 1) = share_of(loss, margins(i, 0));
      continue;
    }
    if (loss == SGDLoss::multinomial) {
      std::copy_n(margins.row(i).data(), classes, shares.row(i).data());
      formulas::softmax(shares.row(i).data(), classes);
      continue;
    }
    T sum = 0;
    for (std::int64_t c = 0; c < classes; ++c) sum += shares(i, c) = share_of(loss, margins(i, c));
    for (std::int64_t c = 0; c < classes; ++c) {
      shares(i, c) = sum > 0 ? shares(i, c) / sum : 1 / static_cast<T>(classes);
    }
  }
  return shares;
}

void check_probabilities(std::string_view call, SGDLoss loss, std::string_view with) {
  if (loss == SGDLoss::log_loss || loss == SGDLoss::modified_huber || loss == SGDLoss::multinomial) return;
  throw InvalidArgument(fmt::format("{}: only {} have probabilities", call, with));
}

#define FORJA_INSTANTIATE(T)                                                              \
  template Matrix<T> class_targets(SGDLoss, std::span<const std::int32_t>, std::int64_t); \
  template Matrix<T> probabilities(SGDLoss, const Matrix<T>&);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core

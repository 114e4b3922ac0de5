#include "boosting/boosting_fit.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "boosting/bin_table_fit.h"
#include "boosting/binned_trees.h"
#include "estimator/host_rows.h"
#include "estimator/input_checks.h"
#include "forja/error.h"

namespace forja::core {
namespace {

/// How far a leaf may move the logarithm of a mean: beyond it e^score overflows before the next round can answer.
constexpr double kLongestStep = 20;

/// 1 for rows that count in finding bins, 0 for others; empty where all do.
template <class T>
std::vector<T> counted_rows(const BoostingRows& rows) {
  std::vector<T> counted;
  for (std::size_t i = 0; i < rows.y.size(); ++i) {
    if (rows.is_learned(i) && rows.weight_of(i) > 0) continue;
    counted.resize(rows.y.size(), T(1));
    counted[i] = 0;
  }
  return counted;
}

/// Devices number rows in 32 bits.
void check_row_count(std::string_view call, std::int64_t rows) {
  constexpr std::int64_t kMostRows = (std::int64_t{1} << 32) - 1;
  if (rows <= kMostRows) return;
  throw InvalidArgument(fmt::format("{}: x has {} rows but at most {} are possible", call, rows, kMostRows));
}

void check_monotonic(std::string_view call, const compute::BinTable& table, std::span<const std::int8_t> monotonic) {
  for (std::size_t f = 0; f < monotonic.size(); ++f) {
    if (monotonic[f] == 0 || table.categorical[f] == 0) continue;
    throw InvalidArgument(
        fmt::format("{}: monotonic_cst has {} for feature {} but it is categorical", call, monotonic[f], f));
  }
}

bool same_table(const compute::BinTable& a, const compute::BinTable& b) {
  return a.entries == b.entries && a.first == b.first && a.categorical == b.categorical;
}

void check_earlier(std::string_view call, const FittedForest& forest, const BoostingSettings& settings,
                   std::int64_t columns) {
  check_columns(call, columns, forest.table.features());
  if (forest.outputs() != settings.outputs) {
    throw InvalidArgument(fmt::format("{}: warm_start goes on from a model of {} outputs but there are {} now", call,
                                      forest.outputs(), settings.outputs));
  }
  if (forest.rounds() > settings.max_iter) {
    throw InvalidArgument(fmt::format("{}: max_iter = {} but the model that warm_start goes on from has {} rounds",
                                      call, settings.max_iter, forest.rounds()));
  }
}

}  // namespace

template <class T>
void check_source(std::string_view call, const BoostingSource<T>& x, const Device& device) {
  if (x.rows != nullptr) {
    check_rows_but_values(call, *x.rows, device);
    return;
  }
  const Device& there = x.bins->device();
  if (&there.backend() == &device.backend() && there.index() == device.index()) return;
  throw InvalidArgument(
      fmt::format("{}: x lies on {} but the computation is on {}", call, there.name(), device.name()));
}

template <class T>
std::shared_ptr<const compute::BinnedRows> binned_rows(std::string_view call, const Rows<T>& x,
                                                       const BinOptions& options, std::span<const T> counted,
                                                       const Device& device) {
  check_row_count(call, x.rows());
  const std::vector<std::uint8_t> flags = categorical_flags(call, options.categorical_features, x.columns());
  const HostRows<T> host(x);
  check_categories<T>(call, host.view(), flags);
  const compute::BinTable table = fit_bin_table<T>(host.view(), flags, options.max_bins, device.threads(), counted);
  return families<T>(device).bin(place(device), x, table);
}

template <class T>
BoostingFit fit_boosting(std::string_view call, BoostingSettings settings, const BinOptions& options,
                         const BoostingSource<T>& x, BoostingRows rows, std::span<const std::int32_t> labels,
                         EarlierFit earlier, const Device& device, Observer* observer) {
  const FittedForest* forest = settings.warm_start ? earlier.forest : nullptr;
  if (forest != nullptr) check_earlier(call, *forest, settings, x.columns());
  hold_out(call, settings.validation_fraction, labels, settings.seed, rows);
  if (is_exponential(settings.loss.kind)) settings.trees.bounds = {-kLongestStep, kLongestStep};

  std::shared_ptr<const compute::BinnedRows> binned;
  if (x.bins != nullptr) {
    binned = x.bins->handle();
  } else if (forest != nullptr) {
    check_row_count(call, x.size());
    binned = families<T>(device).bin(place(device), *x.rows, forest->table);
  } else {
    binned = binned_rows<T>(call, *x.rows, options, counted_rows<T>(rows), device);
  }
  if (forest != nullptr && !same_table(binned->table(), forest->table)) {
    throw InvalidArgument(fmt::format("{}: warm_start goes on from a model of other bins than those of x", call));
  }

  check_monotonic(call, binned->table(), settings.trees.monotonic);

  compute::BoostingPlan plan{rows.y,
                             rows.weight,
                             rows.held_out,
                             settings.outputs,
                             settings.loss,
                             settings.trees.split,
                             settings.trees.monotonic,
                             settings.exact,
                             settings.seed};
  const auto boosting = families<T>(device).make_boosting(place(device), binned, plan);
  BoostingFit fit;
  if (forest != nullptr) {
    fit = {*forest, std::move(earlier.train_score), std::move(earlier.validation_score), false};
  } else {
    fit.forest.table = binned->table();
    fit.forest.baseline = baseline_scores(call, settings, rows);
  }
  boosting->set_scores(MatrixView<const double>(fit.forest.baseline.data(), 1, settings.outputs));
  add_forest(fit.forest, *boosting);
  add_rounds(call, settings, rows, *boosting, observer, fit);
  return fit;
}

#define FORJA_INSTANTIATE(T)                                                                                           \
  template void check_source(std::string_view, const BoostingSource<T>&, const Device&);                               \
  template std::shared_ptr<const compute::BinnedRows> binned_rows(std::string_view, const Rows<T>&, const BinOptions&, \
                                                                  std::span<const T>, const Device&);                  \
  template BoostingFit fit_boosting(std::string_view, BoostingSettings, const BinOptions&, const BoostingSource<T>&,   \
                                    BoostingRows, std::span<const std::int32_t>, EarlierFit, const Device&,            \
                                    Observer*);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core

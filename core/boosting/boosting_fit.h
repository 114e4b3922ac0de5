#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "boosting/boosting_rounds.h"
#include "boosting/row_forest.h"
#include "forja/boosting.h"

namespace forja::core {

/// What a fit reads its features from: rows, or rows in bins.
template <class T>
struct BoostingSource {
  const Rows<T>* rows = nullptr;
  const BinnedMatrix<T>* bins = nullptr;

  std::int64_t size() const { return rows != nullptr ? rows->rows() : bins->rows(); }
  std::int64_t columns() const { return rows != nullptr ? rows->columns() : bins->columns(); }
};

/// Throws InvalidArgument where it is empty or on another device.
template <class T>
void check_source(std::string_view call, const BoostingSource<T>& x, const Device& device);

/// Puts rows into bins. counted: n weights, of which those of 0 take no part in finding the bins, or empty.
template <class T>
std::shared_ptr<const compute::BinnedRows> binned_rows(std::string_view call, const Rows<T>& x,
                                                       const BinOptions& options, std::span<const T> counted,
                                                       const Device& device);

/// What stays the same from fit to fit: a model to go on from, or nothing.
struct EarlierFit {
  const FittedForest* forest = nullptr;
  std::vector<double> train_score;
  std::vector<double> validation_score;
};

/// Bins the source, holds rows out (in proportion by labels, or empty) and boosts. Throws InvalidArgument, Cancelled
/// and OutOfMemory.
template <class T>
BoostingFit fit_boosting(std::string_view call, BoostingSettings settings, const BinOptions& options,
                         const BoostingSource<T>& x, BoostingRows rows, std::span<const std::int32_t> labels,
                         EarlierFit earlier, const Device& device, Observer* observer);

/// A fit as an estimator keeps it.
template <class T, class Fitted>
Fitted fitted_state(BoostingFit fit) {
  auto forest = std::make_shared<const FittedForest>(std::move(fit.forest));
  auto row_forest = std::make_shared<const RowForest<T>>(forest);
  return {std::move(forest), std::move(row_forest), std::move(fit.train_score), std::move(fit.validation_score),
          fit.converged};
}

}  // namespace forja::core

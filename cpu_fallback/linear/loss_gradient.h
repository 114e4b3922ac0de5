#pragma once

#include <span>

#include "compute/linear_compute.h"
#include "linear/training_data.h"

namespace forja::cpu {

/// LinearCompute::loss_gradient: rows in tiles that stay in the cache from the products with the coefficients to those
/// with the derivatives. Tiles, and the chunks whose sums are added up, depend on the shapes alone, so that threads
/// change no bit.
///
/// Floor: 4 C d operations a row at the peak of multiply-adds in T, or x read once.
template <class T>
compute::LossGradient loss_gradient(const TrainingData<T>& data, const formulas::RowLoss<T>& loss,
                                    MatrixView<const double> coef, std::span<const double> offset, int threads);

}  // namespace forja::cpu

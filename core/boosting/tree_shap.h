#pragma once

#include <cstdint>

#include "boosting/fitted_forest.h"
#include "forja/matrix.h"

namespace forja::core {

/// SHAP values of the raw scores of the rows of x (m x d), path-dependent (Lundberg et al. 2018, 2020): the Shapley
/// values of the game in which a coalition of features is worth the mean score over the ways that it leaves open, each
/// way weighted by the covers of its nodes. out: m x outputs (d + 1), for each output d values and then the expected
/// score; they sum to the score. The same bits for any number of threads (0: all).
///
/// A leaf of value v whose way asks for the features 1 .. u is a game of its own, worth v times a product of factors:
/// o_j (whether the row meets what the way asks of feature j) for features within the coalition, z_j (the share of the
/// cover that does) for those without. Its Shapley values are
///     v (o_i - z_i) integral over t from 0 to 1 of prod_(j != i) (t o_j + (1 - t) z_j),
/// which Gauss's rule of u / 2 points has exactly; no term is negative, so that nothing cancels.
template <class T>
void tree_shap(const FittedForest& forest, MatrixView<const T> x, int threads, MatrixView<double> out);

}  // namespace forja::core

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "forja/matrix.h"

/// What classifiers make of the decisions of pairs of classes (0, 1), (0, 2), .. (1, 2), .., one column each, positive
/// for the first; of two classes alone positive for the second.
namespace forja::core {

/// Votes, and less than a third of one for how far the pairs' decisions are from 0, as scikit-learn has it.
template <class T>
Matrix<T> one_against_rest(const Matrix<T>& pairs, std::int64_t classes);

/// The class with the most votes, of several the first; by `margins` the one that one_against_rest() has greatest.
template <class T>
std::vector<std::int32_t> voted_labels(const Matrix<T>& pairs, std::span<const std::int32_t> classes, bool margins);

}  // namespace forja::core

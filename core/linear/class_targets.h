#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "forja/matrix.h"
#include "forja/sgd.h"

/// Labels as a descent takes them, and probabilities as it gives them.
namespace forja::core {

/// The classes of a partial fit: `known` of the calls before, at the first call `given` or else the different labels of
/// y. Throws InvalidArgument where given ones are not the known ones.
std::vector<std::int32_t> partial_classes(std::string_view call, std::span<const std::int32_t> known,
                                          std::span<const std::int32_t> given, std::span<const std::int32_t> y);

/// What the seam takes as y: the place, or for a loss of numbers -1 and 1 for each output.
template <class T>
Matrix<T> class_targets(SGDLoss loss, std::span<const std::int32_t> places, std::int64_t outputs);

/// m x n_classes from margins under log_loss, modified_huber or multinomial, one margin for two classes.
template <class T>
Matrix<T> probabilities(SGDLoss loss, const Matrix<T>& margins);

/// Throws InvalidArgument for a loss without probabilities; `with` names those that have them.
void check_probabilities(std::string_view call, SGDLoss loss, std::string_view with);

}  // namespace forja::core

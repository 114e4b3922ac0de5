#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "svm/class_pairs.h"
#include "svm/platt.h"

/// Cross-validation of the pairs of a classifier beside its fit, for probabilities.
namespace forja::core {

/// Rows in folds, each class spread evenly. The pairs' problems are solved once more for each fold, with its rows
/// weighing nothing: they cannot move from 0, and their gradients tell what the others decide of them.
struct HeldOut {
  std::vector<std::int64_t> fold;  ///< of every row; -1 of those that weigh nothing
  std::vector<ClassRows> left;     ///< for each fold
};
HeldOut hold_out(const ClassRows& rows, std::uint64_t seed);

/// The sigmoid of each pair. problems and ends: of the pairs of each fold, one fold after the other.
std::vector<Sigmoid> pair_sigmoids(const HeldOut& held, std::span<const compute::SvmProblem> problems,
                                   std::span<const SvmEnd> ends);

}  // namespace forja::core

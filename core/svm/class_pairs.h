#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "estimator/dense_labels.h"
#include "svm/svm_solver.h"

namespace forja::core {

/// Rows by class: those of positive weight, in ascending order.
struct ClassRows {
  std::vector<std::int32_t> classes;
  std::vector<std::vector<std::int64_t>> rows;
  std::vector<double> weight;  ///< of every row
};

/// Throws InvalidArgument where y has fewer than two classes, or one whose rows weigh 0.
template <class T>
ClassRows class_rows(std::string_view call, std::span<const std::int32_t> y, std::span<const T> sample_weight);

/// Pairs of classes (a, b), a < b, in order.
std::vector<std::pair<std::int64_t, std::int64_t>> class_pairs(std::int64_t classes);

/// The place of (a, b), a < b, among them.
inline std::int64_t pair_place(std::int64_t classes, std::int64_t a, std::int64_t b) {
  return a * classes - a * (a + 1) / 2 + b - a - 1;
}

/// What a classifier keeps of the pairs' ends. Multipliers by pairs: those of the problem's rows.
struct PairSupport {
  std::vector<std::int64_t> support;
  std::vector<std::int64_t> n_support;
  Matrix<double> dual_coef;
  std::vector<double> intercept;
  std::vector<double> objective;
};
/// ends: one for each pair, b of the rows in the problems, positive for the first class. Of two classes signs change,
/// so that the greater class is the positive one.
PairSupport pair_support(const ClassRows& rows, std::span<const compute::SvmProblem> problems,
                         std::span<const SvmEnd> ends);

}  // namespace forja::core

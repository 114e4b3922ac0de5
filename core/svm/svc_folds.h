#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "forja/model_selection.h"
#include "svm/svc_problems.h"

/// Cross-validation of SVC over rows that all folds share.
namespace forja::core {

/// The classes of one fold: its training rows as they weigh by themselves, and the rows held out, which weigh nothing.
struct SvcFold {
  SplitRows rows;
  ClassRows classes;
};

/// Throws InvalidArgument where a class weighs 0 in the training rows.
template <class T>
SvcFold svc_fold(std::string_view call, const SVCOptions& options, SplitRows rows, std::span<const std::int32_t> y,
                 std::span<const T> sample_weight);

/// A problem for each pair of classes. Rows held out cannot move from 0, and their gradients tell what is made of them.
std::vector<compute::SvmProblem> fold_problems(const SvcFold& fold, double C);

/// Problems from where those before, of a lesser C, ended: multipliers grow with C, and those at a bound stay there.
void start_from(std::span<compute::SvmProblem> problems, std::span<const compute::SvmProblem> before,
                std::span<const SvmEnd> ends);

/// The share of the rows held out whose label is found. problems, ends: of the fold's pairs.
template <class T>
double fold_accuracy(const SvcFold& fold, std::span<const compute::SvmProblem> problems, std::span<const SvmEnd> ends,
                     std::span<const std::int32_t> y, bool break_ties);

}  // namespace forja::core

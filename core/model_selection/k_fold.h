#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "estimator/dense_labels.h"

namespace forja::core {

/// The fold of each row: each label's rows are spread evenly over the folds, whose sizes differ by one at most, and
/// which rows a fold gets is for `order` to say, a permutation of them. A label may have fewer rows than there are
/// folds.
std::vector<std::int64_t> deal_folds(const DenseLabels& labels, std::int64_t n_splits,
                                     std::span<const std::int64_t> order);

}  // namespace forja::core

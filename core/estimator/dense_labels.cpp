#include "estimator/dense_labels.h"

#include <algorithm>

namespace forja::core {

DenseLabels dense_labels(std::span<const std::int32_t> labels) {
  DenseLabels dense{{labels.begin(), labels.end()}, {}};
  std::vector<std::int32_t>& classes = dense.classes;
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  dense.place.reserve(labels.size());
  for (const std::int32_t label : labels) {
    dense.place.push_back(
        static_cast<std::int32_t>(std::lower_bound(classes.begin(), classes.end(), label) - classes.begin()));
  }
  return dense;
}

}  // namespace forja::core

#pragma once

#include <cstdint>
#include <vector>

#include "forja/generators.h"
#include "forja/matrix.h"

namespace forja::testing {

/// Classes 7, -3 and 100 around centres that overlap a little.
template <class T>
struct Three {
  Matrix<T> x;
  std::vector<std::int32_t> y;
};
template <class T>
Three<T> three_classes(std::int64_t n) {
  const Blobs<T> blobs = make_blobs<T>({.n_samples = n, .centers = 3, .cluster_std = 1.5, .seed = 4});
  const std::int32_t names[] = {7, -3, 100};
  std::vector<std::int32_t> y;
  for (const std::int32_t label : blobs.labels) y.push_back(names[label]);
  return {blobs.x, y};
}

}  // namespace forja::testing

// A user's program: two groups of rows, found by the installed library, on a device that it has.
#include <cmath>
#include <cstdio>
#include <vector>

#include "forja/kmeans.h"

int main() {
  const std::vector<float> values = {0, 0, 0, 1, 1, 0, 10, 10, 10, 11, 11, 10};
  forja::KMeans model({.n_clusters = 2, .n_init = 3}, forja::Device::cpu());
  model.fit(forja::MatrixView<const float>(values.data(), 6, 2));
  std::printf("%zu devices, inertia %.4f\n", forja::devices().size(), model.inertia());
  const std::vector<std::int32_t>& labels = model.labels();
  const bool grouped = labels[0] == labels[1] && labels[0] == labels[2] && labels[3] == labels[4] &&
                       labels[3] == labels[5] && labels[0] != labels[3];
  return grouped && std::abs(model.inertia() - 8.0 / 3) < 1e-5 ? 0 : 1;
}

// A stream in blocks: MiniBatchKMeans learns from one block after another, and the model is saved.

#include <cstdio>

#include "forja/forja.h"

int main() {
  forja::MiniBatchKMeans model({.n_clusters = 16, .seed = 1});
  // A million rows stand for a file; each block is a view of the next 20,000.
  const forja::Blobs<float> all = forja::make_blobs({.n_samples = 1'000'000, .n_features = 8, .centers = 16});
  constexpr std::int64_t kBlock = 20'000;
  for (std::int64_t first = 0; first < all.x.rows(); first += kBlock) {
    model.partial_fit(all.x.view().middle_rows(first, kBlock));
  }
  std::printf("%lld steps on %s, inertia of the last block %.1f\n", static_cast<long long>(model.n_steps()),
              model.device().name().c_str(), model.inertia());
  model.save("streamed.forja");
  const auto again = forja::MiniBatchKMeans<float>::load("streamed.forja");
  std::printf("saved and loaded: %lld centres of %lld columns\n",
              static_cast<long long>(again.cluster_centers().rows()),
              static_cast<long long>(again.cluster_centers().columns()));
  return 0;
}

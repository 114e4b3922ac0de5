#include "forja/kmeans.h"
#include "kmeans/kmeans_input.h"
#include "kmeans/kmeans_params.h"
#include "kmeans/seeding.h"

namespace forja {

template <class T>
KMeansPlusPlus<T> kmeans_plusplus(const Rows<T>& x, std::int64_t n_clusters, std::uint64_t seed,
                                  std::span<const T> sample_weight, Device device) {
  constexpr const char* kCall = "kmeans_plusplus";
  core::kmeans_params().check(kCall, {.n_clusters = n_clusters});
  core::check_training_rows_but_values(kCall, x, sample_weight, device, n_clusters);
  const auto rows = core::make_checked_rows(kCall, x, sample_weight, device);
  KMeansPlusPlus<T> chosen;
  chosen.indices = core::kmeans_plus_plus_rows(*rows, n_clusters, seed, 0);
  chosen.centers = rows->take_rows(chosen.indices);
  return chosen;
}

#define FORJA_INSTANTIATE(T)                                                                        \
  template FORJA_API KMeansPlusPlus<T> kmeans_plusplus(const Rows<T>&, std::int64_t, std::uint64_t, \
                                                       std::span<const T>, Device);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja

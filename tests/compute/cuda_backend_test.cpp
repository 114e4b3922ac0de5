// The CUDA backend as the list of backends sees it, in emulation.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "compute/backend.h"
#include "compute/decomposition_compute.h"
#include "compute/kmeans_compute.h"
#include "compute/linear_compute.h"
#include "cuda_emulation/control.h"
#include "forja/decomposition.h"
#include "forja/error.h"
#include "forja/svd.h"
#include "support/kmeans_data.h"

namespace forja::testing {
namespace {

TEST(CudaBackend, tells_its_name_and_its_devices) {
  const compute::Backend& backend = compute::open_backend(FORJA_EMULATED_BACKEND);
  EXPECT_EQ(backend.name(), "cuda");
  emulation::Config config;
  config.devices = 3;
  emulation::reset(config);
  EXPECT_EQ(backend.device_count(), 3);
  EXPECT_EQ(backend.description(2), "Emulated CUDA device 2");
  EXPECT_EQ(backend.memory(2).total, config.device_memory);
  emulation::reset();
}

TEST(CudaBackend, takes_no_more_memory_than_its_limit) {
  const compute::Backend& backend = compute::open_backend(FORJA_EMULATED_BACKEND);
  const Matrix<float> x = blobs<float>(100, 4, 2, 1.0, 3);
  backend.set_memory_limit(0, 1599);
  try {
    backend.families<float>().upload({0, 0}, x.view());
    FAIL() << "1600 bytes were given";
  } catch (const OutOfMemory& error) {
    EXPECT_EQ(error.bytes_requested(), 1600);
    EXPECT_EQ(error.bytes_free(), 1599);
  }
  backend.set_memory_limit(0, 1600);
  const auto held = backend.families<float>().upload({0, 0}, x.view());
  EXPECT_EQ(backend.memory(0).free, 0);
  backend.set_memory_limit(0, 0);
  EXPECT_GT(backend.memory(0).free, 1600);
}

TEST(CudaBackend, gets_the_rows_of_a_decomposition_once) {
  const Device device(compute::open_backend(FORJA_EMULATED_BACKEND), 0);
  const Matrix<float> x = blobs<float>(600, 30, 2, 1.0, 3);
  const auto uploads = [](const auto& work) {
    emulation::reset();
    work();
    return emulation::counts().uploaded_bytes;
  };
  constexpr std::int64_t kBytes = 600 * 30 * 4;
  // Means, directions and vectors are less than half as much.
  for (const SvdSolver solver : {SvdSolver::full, SvdSolver::covariance_eigh, SvdSolver::randomized}) {
    const std::int64_t pca = uploads([&] { PCA<float>({.n_components = 3, .svd_solver = solver}, device).fit(x); });
    EXPECT_TRUE(pca >= kBytes && 2 * pca < 3 * kBytes) << pca;
    const std::int64_t svd =
        uploads([&] { TruncatedSVD<float>({.n_components = 3, .svd_solver = solver}, device).fit(x); });
    EXPECT_TRUE(svd >= kBytes && 2 * svd < 3 * kBytes) << svd;
  }
  const DeviceMatrix<float> there(x, device);
  EXPECT_LT(uploads([&] { TruncatedSVD<float>({.n_components = 3}, device).fit(there); }), kBytes / 2);
}

TEST(CudaBackend, looks_for_many_farthest_rows_with_the_launches_of_one) {
  const compute::Backend& backend = compute::open_backend(FORJA_EMULATED_BACKEND);
  const Matrix<float> x = blobs<float>(3000, 4, 2, 1.0, 3);
  const auto seam = backend.families<float>().make_kmeans({0, 0}, Rows<float>(x), {});
  seam->set_centers_from_rows(std::vector<std::int64_t>{5});
  seam->assign();
  const auto launches = [&](std::int64_t count) {
    emulation::reset();
    EXPECT_EQ(std::ssize(seam->farthest_rows(count)), count);
    return emulation::counts().launches;
  };
  EXPECT_LE(launches(1), 20);
  EXPECT_EQ(launches(2000), launches(1));
}

std::int64_t waits_of(auto&& work) {
  emulation::reset();
  work();
  return emulation::counts().waits;
}

TEST(CudaBackend, waits_once_an_iteration) {
  const compute::BackendFor<float>& families = compute::open_backend(FORJA_EMULATED_BACKEND).families<float>();
  const Matrix<float> x = blobs<float>(300, 4, 2, 1.0, 3);
  const auto kmeans = families.make_kmeans({0, 0}, Rows<float>(x), {});
  kmeans->set_centers_from_rows(std::vector<std::int64_t>{5, 9});
  for (const bool bounded : {false, true}) {
    kmeans->use_bounds(bounded);
    EXPECT_EQ(waits_of([&] {
                kmeans->assign();
                kmeans->update();
              }),
              1);
  }
  const Matrix<float> y(300, 1, 0.5F);
  const auto linear = families.make_linear({0, 0}, Rows<float>(x), y.view(), {});
  const Matrix<double> coef(1, 4, 0.1);
  const std::vector<double> offset{0.2};
  EXPECT_EQ(waits_of([&] { linear->gram(); }), 1);
  EXPECT_EQ(waits_of([&] { linear->residuals(coef.view(), offset); }), 1);
  EXPECT_EQ(waits_of([&] { linear->loss_gradient({}, coef.view(), offset); }), 1);
  const auto decomposition = families.make_decomposition({0, 0}, Rows<float>(x), true);
  decomposition->set_block(Matrix<double>(2, 4, 0.5).view());
  EXPECT_EQ(waits_of([&] { decomposition->power_step(); }), 1);
}

}  // namespace
}  // namespace forja::testing

// Several threads of the host at once: different models, rows that they share, one model that they all ask.

#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <vector>

#include "forja/device_matrix.h"
#include "forja/kmeans.h"
#include "support/devices.h"
#include "support/kmeans_data.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::DeviceMatrix;
using forja::KMeans;
using forja::Matrix;

constexpr int kThreads = 3;

/// body(0) .. body(kThreads - 1), each on a thread of its own.
void at_once(const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

template <class T>
class KMeansAtOnce : public ::testing::Test {
 protected:
  /// One model per thread, each of another seed.
  static std::vector<KMeans<T>> models(const Device& device) {
    std::vector<KMeans<T>> models;
    for (std::uint64_t seed = 0; seed < kThreads; ++seed) {
      models.emplace_back(forja::KMeansOptions{.n_clusters = 5, .max_iter = 5, .seed = seed}, device);
    }
    return models;
  }

  /// What fits of `rows` give one after the other, they give at once.
  static void expect_the_same_fits(const forja::Rows<T>& rows, const Device& device) {
    std::vector<KMeans<T>> in_turn = models(device);
    std::vector<KMeans<T>> together = models(device);
    for (KMeans<T>& model : in_turn) model.fit(rows);
    at_once([&](int i) { together[static_cast<std::size_t>(i)].fit(rows); });
    for (std::size_t i = 0; i < in_turn.size(); ++i) {
      EXPECT_EQ(together[i].labels(), in_turn[i].labels());
      EXPECT_EQ(together[i].inertia(), in_turn[i].inertia());
    }
  }

  const Matrix<T> x_ = forja::testing::blobs<T>(400, 4, 6, 3, 7);
};
TYPED_TEST_SUITE(KMeansAtOnce, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(KMeansAtOnce, fits_of_different_models_disturb_none) {
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    this->expect_the_same_fits(this->x_, device);
  }
}

TYPED_TEST(KMeansAtOnce, fits_may_share_rows_on_a_device) {
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    const DeviceMatrix<TypeParam> rows(this->x_, device);
    this->expect_the_same_fits(rows, device);
  }
}

TYPED_TEST(KMeansAtOnce, one_model_answers_several_threads) {
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    KMeans<TypeParam> fitted = this->models(device).front();
    fitted.fit(this->x_);
    const KMeans<TypeParam>& model = fitted;
    std::vector<std::vector<std::int32_t>> answers(kThreads);
    at_once([&](int i) { answers[static_cast<std::size_t>(i)] = model.predict(this->x_); });
    for (const std::vector<std::int32_t>& answer : answers) EXPECT_EQ(answer, model.predict(this->x_));
  }
}

}  // namespace

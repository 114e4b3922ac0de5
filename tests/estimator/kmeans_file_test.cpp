// Saved k-means models: what comes back, on any device, and what a damaged file may not do.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "forja/kmeans.h"
#include "support/devices.h"
#include "support/kmeans_data.h"
#include "support/saved_models.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::KMeans;
using forja::KMeansInit;
using forja::Matrix;
using forja::MiniBatchKMeans;
using forja::testing::loaded;
using forja::testing::saved;

template <class T>
class KMeansFileOf : public ::testing::Test {
 protected:
  const Matrix<T> x_ = forja::testing::blobs<T>(90, 3, 4, 5, 1);
};
TYPED_TEST_SUITE(KMeansFileOf, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(KMeansFileOf, a_model_fitted_on_one_device_is_the_same_on_another) {
  using T = TypeParam;
  for (const Device& fitted_on : forja::testing::devices_under_test()) {
    KMeans<T> model({.n_clusters = 4, .init = KMeansInit::given(forja::testing::first_rows(this->x_, 4)), .tol = 0.25},
                    fitted_on);
    model.fit(this->x_);
    for (const Device& device : forja::testing::devices_under_test()) {
      SCOPED_TRACE(fitted_on.name() + " to " + device.name());
      const auto other = loaded<KMeans<T>>(saved(model), device);
      EXPECT_EQ(other.get_params(), model.get_params());
      EXPECT_EQ(other.options().init, model.options().init);
      EXPECT_EQ(other.cluster_centers(), model.cluster_centers());
      EXPECT_EQ(other.labels(), model.labels());
      EXPECT_EQ(other.inertia(), model.inertia());
      EXPECT_EQ(other.center_shift(), model.center_shift());
      EXPECT_EQ(other.n_iter(), model.n_iter());
      EXPECT_EQ(other.converged(), model.converged());
      EXPECT_EQ(other.algorithm_used(), model.algorithm_used());
      EXPECT_EQ(other.n_features_in(), 3);
      EXPECT_EQ(other.predict(this->x_), model.predict(this->x_));
    }
  }
}

TYPED_TEST(KMeansFileOf, mini_batches_go_on_where_they_were) {
  using T = TypeParam;
  MiniBatchKMeans<T> model({.n_clusters = 4, .seed = 3}, Device::cpu());
  model.partial_fit(this->x_);
  auto other = loaded<MiniBatchKMeans<T>>(saved(model));
  EXPECT_EQ(other.counts(), model.counts());
  EXPECT_EQ(other.n_steps(), 1);
  model.partial_fit(this->x_);
  other.partial_fit(this->x_);
  EXPECT_EQ(other.cluster_centers(), model.cluster_centers());
  EXPECT_EQ(other.labels(), model.labels());
  EXPECT_EQ(other.n_iter(), 2);
}

TYPED_TEST(KMeansFileOf, files_are_written_and_read_by_path) {
  using T = TypeParam;
  const std::filesystem::path path =
      std::filesystem::path(::testing::TempDir()) / (sizeof(T) == 4 ? "kmeans_f.forja" : "kmeans_d.forja");
  KMeans<T> model({.n_clusters = 4}, Device::cpu());
  EXPECT_THROW(model.save(path), forja::NotFitted);
  EXPECT_FALSE(std::filesystem::exists(path));
  model.fit(this->x_).save(path);
  EXPECT_EQ(KMeans<T>::load(path, Device::cpu()).labels(), model.labels());
  std::filesystem::remove(path);
  EXPECT_THROW(KMeans<T>::load(path, Device::cpu()), forja::DataError);
  EXPECT_THROW(model.save(path / "no_such_folder"), forja::DataError);
}

TYPED_TEST(KMeansFileOf, another_kind_or_type_is_refused_by_name) {
  using T = TypeParam;
  using Other = std::conditional_t<std::is_same_v<T, float>, double, float>;
  KMeans<T> model({.n_clusters = 4}, Device::cpu());
  const std::string bytes = saved(model.fit(this->x_));
  EXPECT_THROW(loaded<KMeans<Other>>(bytes), forja::ModelFormatError);
  try {
    loaded<MiniBatchKMeans<T>>(bytes);
    FAIL() << "not refused";
  } catch (const forja::ModelFormatError& refused) {
    EXPECT_STREQ(refused.what(), "model file: kind is KMeans but MiniBatchKMeans was asked for");
  }
}

TYPED_TEST(KMeansFileOf, every_truncated_file_is_refused) {
  using T = TypeParam;
  KMeans<T> model({.n_clusters = 4}, Device::cpu());
  const std::string bytes = saved(model.fit(this->x_));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(loaded<KMeans<T>>(bytes.substr(0, size)), forja::ModelFormatError) << size;
  }
}

TYPED_TEST(KMeansFileOf, a_flipped_byte_is_refused_or_gives_a_model_that_predicts) {
  using T = TypeParam;
  KMeans<T> model({.n_clusters = 4}, Device::cpu());
  const std::string bytes = saved(model.fit(this->x_));
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      try {
        const auto other = loaded<KMeans<T>>(damaged);
        const Matrix<T> row(1, other.n_features_in());
        EXPECT_LT(other.predict(row)[0], other.cluster_centers().rows());
      } catch (const forja::ModelFormatError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 100);
}

TEST(ModelFile, deep_nesting_and_great_promises_are_refused) {
  std::string nested;
  nested.resize(10'000'000, '\x81');
  EXPECT_THROW(loaded<KMeans<float>>(nested), forja::ModelFormatError);
  EXPECT_THROW(loaded<KMeans<float>>("\x9b\x7f\xff\xff\xff\xff\xff\xff\xff"), forja::ModelFormatError);
  EXPECT_THROW(loaded<KMeans<float>>("\x5b\x7f\xff\xff\xff\xff\xff\xff\xff"), forja::ModelFormatError);
}

}  // namespace

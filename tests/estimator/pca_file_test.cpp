// Saved PCA models: what comes back, on any device, and what a damaged file may not do.

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <string>

#include "forja/decomposition.h"
#include "support/decomposition_data.h"
#include "support/devices.h"
#include "support/saved_models.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::Matrix;
using forja::PCA;
using forja::SvdSolver;
using forja::testing::saved;

template <class T>
PCA<T> loaded(const std::string& bytes, Device device = Device::cpu()) {
  std::istringstream in(bytes);
  return PCA<T>::load(in, device);
}

template <class T>
class PCAFileOf : public ::testing::Test {
 protected:
  PCA<T> fitted() const {
    PCA<T> model({.n_components = 0.9, .whiten = true, .svd_solver = SvdSolver::covariance_eigh, .seed = 5},
                 Device::cpu());
    return model.fit(x_);
  }
  const Matrix<T> x_ = forja::testing::decaying<T>(30, 4, 0.6, 2);
};
TYPED_TEST_SUITE(PCAFileOf, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(PCAFileOf, a_model_comes_back_as_it_was_on_any_device) {
  using T = TypeParam;
  const PCA<T> model = this->fitted();
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    const PCA<T> other = loaded<T>(saved(model), device);
    EXPECT_EQ(other.get_params(), model.get_params());
    EXPECT_EQ(other.components(), model.components());
    EXPECT_EQ(other.mean(), model.mean());
    EXPECT_EQ(other.singular_values(), model.singular_values());
    EXPECT_EQ(other.explained_variance(), model.explained_variance());
    EXPECT_EQ(other.explained_variance_ratio(), model.explained_variance_ratio());
    EXPECT_EQ(other.noise_variance(), model.noise_variance());
    EXPECT_EQ(other.n_samples(), 30);
    EXPECT_EQ(other.residual(), model.residual());
    EXPECT_GT(other.residual(), 0);
    EXPECT_EQ(other.n_iter(), 0);
    EXPECT_TRUE(other.converged());
    EXPECT_EQ(other.svd_solver_used(), SvdSolver::covariance_eigh);
    EXPECT_EQ(saved(other), saved(model));
    EXPECT_EQ(other.transform(this->x_).columns(), model.n_components());
  }
}

TYPED_TEST(PCAFileOf, files_are_written_and_read_by_path) {
  using T = TypeParam;
  const std::filesystem::path path =
      std::filesystem::path(::testing::TempDir()) / (sizeof(T) == 4 ? "pca_f.forja" : "pca_d.forja");
  EXPECT_THROW(PCA<T>().save(path), forja::NotFitted);
  EXPECT_FALSE(std::filesystem::exists(path));
  const PCA<T> model = this->fitted();
  model.save(path);
  EXPECT_EQ(PCA<T>::load(path, Device::cpu()).components(), model.components());
  std::filesystem::remove(path);
  EXPECT_THROW(PCA<T>::load(path, Device::cpu()), forja::DataError);
}

TYPED_TEST(PCAFileOf, another_type_and_every_truncated_file_are_refused) {
  using T = TypeParam;
  using Other = std::conditional_t<std::is_same_v<T, float>, double, float>;
  const std::string bytes = saved(this->fitted());
  EXPECT_THROW(loaded<Other>(bytes), forja::ModelFormatError);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(loaded<T>(bytes.substr(0, size)), forja::ModelFormatError) << size;
  }
}

TYPED_TEST(PCAFileOf, a_flipped_byte_is_refused_or_gives_a_model_that_transforms) {
  using T = TypeParam;
  const std::string bytes = saved(this->fitted());
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      try {
        const PCA<T> other = loaded<T>(damaged);
        EXPECT_EQ(other.transform(Matrix<T>(1, other.n_features_in())).columns(), other.n_components());
      } catch (const forja::ModelFormatError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace

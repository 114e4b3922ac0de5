// Random projections: what they keep of distances, what they refuse, and their files.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <sstream>
#include <string>

#include "forja/random_projection.h"
#include "formulas/counter_random.h"
#include "support/decomposition_data.h"
#include "support/devices.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::GaussianRandomProjection;
using forja::InvalidArgument;
using forja::johnson_lindenstrauss_min_dim;
using forja::Matrix;
using forja::SparseRandomProjection;
using forja::testing::refusal;

TEST(JohnsonLindenstrauss, the_dimensions_of_the_book_and_of_scikit_learn) {
  EXPECT_EQ(johnson_lindenstrauss_min_dim(5000, 0.1), 7300) << "book chapter 8";
  EXPECT_EQ(johnson_lindenstrauss_min_dim(300, 0.2), 1316);
  EXPECT_EQ(johnson_lindenstrauss_min_dim(1'000'000, 0.5), 663);
  EXPECT_EQ(johnson_lindenstrauss_min_dim(1, 0.2), 0);
  const std::string eps = "johnson_lindenstrauss_min_dim: eps = ";
  EXPECT_EQ(refusal<InvalidArgument>([] { johnson_lindenstrauss_min_dim(0, 0.1); }),
            "johnson_lindenstrauss_min_dim: n_samples = 0 but it must be an integer of at least 1");
  EXPECT_EQ(refusal<InvalidArgument>([] { johnson_lindenstrauss_min_dim(5, 1); }),
            eps + "1 but it must be a number between 0 and 1");
  EXPECT_EQ(refusal<InvalidArgument>([] { johnson_lindenstrauss_min_dim(5, 0); }),
            eps + "0 but it must be a number between 0 and 1");
}

/// In sixteen sums of float, which a compiler keeps in vectors: of a thousand terms each, to 1e-4.
double squared_distance(std::span<const float> a, std::span<const float> b) {
  std::array<float, 16> sums{};
  const std::size_t whole = a.size() / 16 * 16;
  for (std::size_t j = 0; j < whole; j += 16) {
    for (std::size_t l = 0; l < 16; ++l) sums[l] += (a[j + l] - b[j + l]) * (a[j + l] - b[j + l]);
  }
  double sum = 0;
  for (const float part : sums) sum += static_cast<double>(part);
  for (std::size_t j = whole; j < a.size(); ++j) sum += static_cast<double>((a[j] - b[j]) * (a[j] - b[j]));
  return sum;
}

/// The sum of three uniform numbers: as good as normal here, and quickly drawn.
Matrix<float> nearly_normal(std::int64_t n, std::int64_t d) {
  Matrix<float> x(n, d);
  for (std::size_t i = 0; i < x.values().size(); ++i) {
    const std::uint64_t bits = forja::formulas::random_bits(5, 1, i);
    const auto part = [&](int shift) { return static_cast<double>((bits >> shift) & 0xFFFFF) / 0x100000; };
    x.values()[i] = static_cast<float>(2 * (part(0) + part(20) + part(40) - 1.5));
  }
  return x;
}

#ifdef __SANITIZE_ADDRESS__
constexpr std::int64_t kStep = 5;  // the plain build looks at all pairs
#else
constexpr std::int64_t kStep = 1;
#endif

void expect_distances_within_a_fifth(const Matrix<float>& x, const Matrix<float>& z) {
  for (std::int64_t i = 0; i < x.rows(); i += kStep) {
    for (std::int64_t j = 0; j < i; j += kStep) {
      const double ratio = squared_distance(z.row(i), z.row(j)) / squared_distance(x.row(i), x.row(j));
      ASSERT_TRUE(ratio > 0.8 && ratio < 1.2) << ratio << " between rows " << i << " and " << j;
    }
  }
}

TEST(JohnsonLindenstrauss, sparse_components_of_300_rows_keep_all_squared_distances_within_a_fifth) {
  const Matrix<float> x = nearly_normal(300, 20'000);
  SparseRandomProjection<float> model({.eps = 0.2, .seed = 42}, Device::cpu());
  expect_distances_within_a_fifth(x, model.fit_transform(x));
  EXPECT_EQ(model.n_components(), 1316);
  EXPECT_NEAR(model.density(), 1 / 141.42135, 1e-8);
  const auto entries = model.components().values();
  const auto share =
      static_cast<double>(std::count_if(entries.begin(), entries.end(), [](float v) { return v != 0; })) /
      static_cast<double>(entries.size());
  EXPECT_NEAR(share, 1.0 / 141, 0.02 / 141);
}

TEST(JohnsonLindenstrauss, gaussian_components_of_300_rows_keep_all_squared_distances_within_a_fifth) {
  const Matrix<float> x = nearly_normal(300, 20'000);
  GaussianRandomProjection<float> model({.eps = 0.2, .seed = 42}, Device::cpu());
  expect_distances_within_a_fifth(x, model.fit_transform(x));
  EXPECT_EQ(model.n_components(), 1316);
}

template <class T>
class RandomProjectionOf : public ::testing::Test {
 protected:
  template <class Model>
  static void check_product(Model model, const Matrix<T>& x) {
    const Matrix<T> z = model.fit_transform(x);
    const Matrix<T>& v = model.components();
    ASSERT_EQ(z.columns(), 7);
    EXPECT_EQ(model.n_features_in(), x.columns());
    for (std::int64_t i = 0; i < x.rows(); ++i) {
      for (std::int64_t c = 0; c < 7; ++c) {
        double sum = 0;
        for (std::int64_t j = 0; j < x.columns(); ++j)
          sum += static_cast<double>(x(i, j)) * static_cast<double>(v(c, j));
        EXPECT_NEAR(static_cast<double>(z(i, c)), sum, 64 * static_cast<double>(std::numeric_limits<T>::epsilon()));
      }
    }
    const Matrix<T> components = v;
    EXPECT_EQ(model.fit(x).components(), components) << "the same seed";
    model.set_params({{"seed", std::int64_t{8}}});
    EXPECT_NE(model.fit(x).components(), components);
  }

  template <class Model>
  static void check_file(Model model, const Matrix<T>& x) {
    model.fit(x);
    std::ostringstream out;
    model.save(out);
    const std::string bytes = out.str();
    std::istringstream in(bytes);
    const Model other = Model::load(in, Device::cpu());
    EXPECT_EQ(other.get_params(), model.get_params());
    EXPECT_EQ(other.components(), model.components());
    EXPECT_EQ(other.transform(x), model.transform(x));
    for (std::size_t size = 0; size < bytes.size(); size += 3) {
      std::istringstream part(bytes.substr(0, size));
      EXPECT_THROW(Model::load(part), forja::ModelFormatError) << size;
    }
  }
  const Matrix<T> x_ = forja::testing::decaying<T>(9, 31, 0.8);
};
TYPED_TEST_SUITE(RandomProjectionOf, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(RandomProjectionOf, transforms_are_products_with_components_that_the_seed_decides) {
  using T = TypeParam;
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    this->check_product(GaussianRandomProjection<T>({.n_components = 7}, device), this->x_);
    // Products with all entries, and with those alone that are not 0.
    this->check_product(SparseRandomProjection<T>({.n_components = 7, .density = 0.5}, device), this->x_);
    this->check_product(SparseRandomProjection<T>({.n_components = 7, .density = 0.05}, device), this->x_);
  }
}

TYPED_TEST(RandomProjectionOf, entries_have_the_moments_that_keep_lengths) {
  using T = TypeParam;
  const Matrix<T> x(1, 5000, T(1));
  GaussianRandomProjection<T> gaussian({.n_components = 20}, Device::cpu());
  SparseRandomProjection<T> sparse({.n_components = 20, .density = 0.1}, Device::cpu());
  for (const Matrix<T>* v : {&gaussian.fit(x).components(), &sparse.fit(x).components()}) {
    double sum = 0;
    double square = 0;
    for (const T value : v->values()) {
      sum += static_cast<double>(value);
      square += static_cast<double>(value) * static_cast<double>(value);
    }
    // 100,000 entries of variance 1/20: five standard deviations of their mean, and 5 % of their square's.
    EXPECT_NEAR(sum / 1e5, 0, 5 * std::sqrt(0.05 / 1e5));
    EXPECT_NEAR(square / 1e5, 0.05, 0.05 * 0.05);
  }
}

TYPED_TEST(RandomProjectionOf, files_hold_the_components) {
  using T = TypeParam;
  this->check_file(GaussianRandomProjection<T>({.n_components = 4, .seed = 3}, Device::cpu()), this->x_);
  this->check_file(SparseRandomProjection<T>({.n_components = 4, .seed = 3}, Device::cpu()), this->x_);
}

TYPED_TEST(RandomProjectionOf, refusals_name_the_call_and_both_numbers) {
  using T = TypeParam;
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto gaussian = [&](const forja::GaussianRandomProjectionOptions& options) {
      return refusal<InvalidArgument>([&] { GaussianRandomProjection<T>(options, device).fit(this->x_); });
    };
    const auto sparse = [&](const forja::SparseRandomProjectionOptions& options) {
      return refusal<InvalidArgument>([&] { SparseRandomProjection<T>(options, device).fit(this->x_); });
    };
    EXPECT_EQ(gaussian({}),
              "GaussianRandomProjection::fit: eps = 0.1 asks for 1883 components of 9 rows but x has 31 columns");
    EXPECT_EQ(gaussian({.n_components = 0}),
              "GaussianRandomProjection::fit: n_components = 0 but it must be an integer of at least 1 or \"auto\"");
    EXPECT_EQ(gaussian({.eps = 1}), "GaussianRandomProjection::fit: eps = 1 but it must be a number between 0 and 1");
    EXPECT_EQ(sparse({.n_components = 2, .density = 0.0}),
              "SparseRandomProjection::fit: density = 0 but it must be a number above 0, up to 1, or \"auto\"");
    EXPECT_EQ(sparse({.n_components = 2, .density = 1.5}),
              "SparseRandomProjection::fit: density = 1.5 but it must be a number above 0, up to 1, or \"auto\"");
    SparseRandomProjection<T> model({.n_components = 2}, device);
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.transform(this->x_); }),
              "SparseRandomProjection::transform: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.density(); }), "SparseRandomProjection::density: call fit first");
    model.fit(this->x_);
    EXPECT_EQ(refusal<InvalidArgument>([&] { model.transform(Matrix<T>(2, 30)); }),
              "SparseRandomProjection::transform: x has 30 columns but the model was fitted with 31");
    EXPECT_EQ(refusal<InvalidArgument>([&] { model.fit(Matrix<T>()); }),
              "SparseRandomProjection::fit: x is empty (0 x 0)");
    EXPECT_EQ(model.n_components(), 2);
  }
}

}  // namespace

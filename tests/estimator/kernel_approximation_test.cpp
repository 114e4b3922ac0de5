// RBFSampler and Nystroem: how near their products come to the kernel, what they refuse, and their files.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "forja/concepts.h"
#include "forja/error.h"
#include "forja/kernel_approximation.h"
#include "forja/linear_svm.h"
#include "support/devices.h"
#include "support/naive_svm.h"
#include "support/refusal.h"
#include "support/saved_models.h"
#include "support/storage_types.h"
#include "svm/kernel_choice.h"

namespace forja::testing {
namespace {

static_assert(Transformer<RBFSampler<float>> && Transformer<Nystroem<double>>);

template <class T>
class KernelApproximation : public ::testing::Test {};
TYPED_TEST_SUITE(KernelApproximation, StorageTypes, StorageName);

/// Root of the mean square of features' products less the kernel's values.
template <class T>
double kernel_error(const Matrix<T>& a, const Matrix<T>& b, const Matrix<double>& kernel) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    for (std::int64_t j = 0; j < b.rows(); ++j) {
      double product = -kernel(i, j);
      for (std::int64_t c = 0; c < a.columns(); ++c)
        product += static_cast<double>(a(i, c)) * static_cast<double>(b(j, c));
      sum += product * product;
    }
  }
  return std::sqrt(sum / static_cast<double>(a.rows() * b.rows()));
}

template <class T>
Matrix<double> kernel_values_of(SVMKernel kind, double gamma, double coef0, std::int64_t degree, const Matrix<T>& a,
                                const Matrix<T>& b) {
  return naive_kernel_matrix(core::KernelChoice{kind, gamma, coef0, degree}.function<T>(), a, b);
}

TYPED_TEST(KernelApproximation, errors_of_random_features_fall_with_the_root_of_their_number) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(40, 3, 51);
  const Matrix<double> kernel = kernel_values_of(SVMKernel::rbf, 0.8, 0, 3, x, x);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto error = [&](std::int64_t k) {
      double sum = 0;
      for (const std::uint64_t seed : {0, 1, 2, 3}) {
        const Matrix<T> z = RBFSampler<T>({.gamma = 0.8, .n_components = k, .seed = seed}, device).fit_transform(x);
        const double own = kernel_error(z, z, kernel);
        sum += own * own / 4;
      }
      return std::sqrt(sum);
    };
    // A term's variance is at most 1 + K^2 / 2 - K^2, and at least half of that where K is 1.
    for (const std::int64_t k : {50, 800}) {
      EXPECT_LT(error(k) * std::sqrt(static_cast<double>(k)), 1.2) << k;
      EXPECT_GT(error(k) * std::sqrt(static_cast<double>(k)), 0.5) << k;
    }
  }
}

TYPED_TEST(KernelApproximation, random_features_are_what_they_are_said_to_be_on_each_device) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(33, 4, 52);
  Matrix<T> weights;
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    RBFSampler<T> model({.gamma = 2.0, .n_components = 300, .seed = 7}, device);
    const Matrix<T> found = model.fit_transform(x);
    EXPECT_EQ(model.random_weights().rows(), 4);
    EXPECT_EQ(model.random_weights().columns(), 300);
    EXPECT_EQ(model.n_features_in(), 4);
    for (std::int64_t i = 0; i < 33; ++i) {
      for (std::int64_t c = 0; c < 300; ++c) {
        auto power = model.random_offset()[static_cast<std::size_t>(c)];
        for (std::int64_t j = 0; j < 4; ++j)
          power += static_cast<double>(x(i, j)) * static_cast<double>(model.random_weights()(j, c));
        ASSERT_NEAR(static_cast<double>(found(i, c)), std::sqrt(2 / 300.0) * std::cos(power), 8 * kRounding<T>)
            << i << ", " << c;
      }
    }
    double square = 0;
    for (const T weight : model.random_weights().values()) square += static_cast<double>(weight * weight);
    EXPECT_NEAR(square / 1200, 4, 0.7);  // variance 2 gamma; four standard deviations of 1200 draws
    for (const double offset : model.random_offset()) ASSERT_TRUE(offset >= 0 && offset < 6.2832);
    if (weights.empty()) weights = model.random_weights();
    EXPECT_EQ(model.random_weights(), weights);
    EXPECT_EQ(model.transform(DeviceMatrix<T>(x, device)), found);
    RBFSampler<T> scaled({.gamma = KernelGamma::scale(), .n_components = 2}, device);
    scaled.fit(Matrix<T>(4, 2, {T(0), T(2), T(4), T(6), T(0), T(2), T(4), T(6)}));
    EXPECT_NEAR(scaled.gamma(), 0.1, 1e-12);
    RBFSampler<T> other({.gamma = 2.0, .n_components = 300, .seed = 8}, device);
    EXPECT_NE(other.fit(x).random_weights(), weights);
  }
}

TYPED_TEST(KernelApproximation, with_all_rows_as_landmarks_the_kernel_is_exact) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(30, 3, 53);
  const Matrix<T> fresh = svm_rows<T>(9, 3, 54);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    for (const SVMKernel kind : {SVMKernel::linear, SVMKernel::poly, SVMKernel::rbf}) {
      Nystroem<T> model({.kernel = kind, .gamma = 0.9, .coef0 = 0.5, .degree = 2, .n_components = 30, .seed = 3},
                        device);
      const Matrix<T> z = model.fit_transform(x);
      const double exact = kind == SVMKernel::linear || kind == SVMKernel::poly ? 1 : 0;
      // Values below 30 times T's rounding are left out, whose roots make features of 1e-3 in float.
      const double tolerance = sizeof(T) == 4 ? 1e-4 : 1e-11;
      EXPECT_LT(kernel_error(z, z, kernel_values_of(kind, 0.9, 0.5, 2, x, x)), tolerance);
      // The linear kernel, of 3 dimensions, and the poly one, of 10, are exact of other rows too.
      if (exact > 0) {
        EXPECT_LT(kernel_error(model.transform(fresh), z, kernel_values_of(kind, 0.9, 0.5, 2, fresh, x)),
                  10 * tolerance);
      }
      const std::set<std::int64_t> rows(model.component_indices().begin(), model.component_indices().end());
      EXPECT_EQ(rows.size(), 30U);
      EXPECT_EQ(*rows.rbegin(), 29);
    }
  }
}

TYPED_TEST(KernelApproximation, errors_fall_with_more_landmarks_which_are_exact_themselves) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(80, 3, 55);
  const Matrix<double> kernel = kernel_values_of(SVMKernel::rbf, 0.5, 0, 3, x, x);
  Matrix<double> before;
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    double last = 1;
    for (const std::int64_t k : {4, 16, 48}) {
      Nystroem<T> model({.gamma = 0.5, .n_components = k, .seed = 1}, device);
      const Matrix<T> z = model.fit_transform(x);
      EXPECT_EQ(z.columns(), k);
      const double error = kernel_error(z, z, kernel);
      EXPECT_LT(error, last / 4) << k;  // the kernel is smooth: its values are nearly of low rank
      last = error;
      const Matrix<T> own = model.transform(model.components());
      EXPECT_LT(
          kernel_error(own, own, kernel_values_of(SVMKernel::rbf, 0.5, 0, 3, model.components(), model.components())),
          sizeof(T) == 4 ? 1e-4 : 1e-11);
      for (std::int64_t c = 0; c < k; ++c) {
        const auto row = x.row(model.component_indices()[static_cast<std::size_t>(c)]);
        EXPECT_TRUE(std::equal(row.begin(), row.end(), model.components().row(c).begin()));
      }
      EXPECT_EQ(model.transform(DeviceMatrix<T>(x, device)), z);
      if (k != 16) continue;
      // 16 well-parted landmarks: features are the same to what the condition of their kernel leaves.
      if (before.empty()) before = Matrix<double>(z.view());
      for (std::int64_t i = 0; i < 80; ++i) {
        for (std::int64_t c = 0; c < k; ++c)
          ASSERT_NEAR(static_cast<double>(z(i, c)), before(i, c), sizeof(T) == 4 ? 5e-2 : 1e-8);
      }
    }
  }
}

TYPED_TEST(KernelApproximation, linear_machines_on_features_do_what_kernel_machines_do) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(120, 2, 56);
  std::vector<std::int32_t> y;
  for (std::int64_t i = 0; i < 120; ++i) y.push_back(x(i, 0) * x(i, 1) > 0 ? 1 : 0);
  LinearSVC<T> plain({.C = 10}, Device::cpu());
  EXPECT_LT(plain.fit(x, y).score(x, y), 0.75);
  LinearSVC<T> model({.C = 10, .max_iter = 20'000}, Device::cpu());
  const Matrix<T> z = Nystroem<T>({.gamma = 1, .n_components = 30}, Device::cpu()).fit_transform(x);
  EXPECT_GT(model.fit(z, y).score(z, y), 0.95);
  const Matrix<T> random = RBFSampler<T>({.gamma = 1, .n_components = 200}, Device::cpu()).fit_transform(x);
  EXPECT_GT(model.fit(random, y).score(random, y), 0.95);
}

TYPED_TEST(KernelApproximation, files_keep_them_and_damaged_ones_are_refused) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(20, 3, 57);
  RBFSampler<T> sampler({.n_components = 5, .seed = 4}, Device::cpu());
  sampler.fit(x);
  Nystroem<T> landmarks({.kernel = SVMKernel::poly, .gamma = 0.3, .coef0 = -0.5, .degree = 2, .n_components = 5},
                        Device::cpu());
  landmarks.fit(x);
  landmarks.set_params({{"kernel", std::string("rbf")}});  // of the next fit
  const auto same = [&](const auto& model) {
    using Model = std::remove_cvref_t<decltype(model)>;
    const std::string bytes = saved(model);
    for (const Device& device : devices_under_test()) {
      const Model other = loaded<Model>(bytes, device);
      EXPECT_EQ(saved(other), bytes);
      Model here = model;
      here.set_device(device);
      EXPECT_EQ(other.transform(x), here.transform(x));
    }
    int refused = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
      try {
        const auto other = loaded<Model>(damaged);
        EXPECT_EQ(other.transform(Matrix<T>(2, other.n_features_in())).rows(), 2);
      } catch (const ModelFormatError&) {
        ++refused;
      }
    }
    EXPECT_GT(refused, 100);
  };
  same(sampler);
  same(landmarks);
  EXPECT_THROW(loaded<RBFSampler<T>>(saved(landmarks)), ModelFormatError);
}

TYPED_TEST(KernelApproximation, bad_arguments_are_refused) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(6, 2, 58);
  Matrix<T> bad = x;
  bad(1, 1) = std::numeric_limits<T>::quiet_NaN();
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto sampler = [&](const RBFSamplerOptions& options, const Matrix<T>& rows) {
      return refusal<InvalidArgument>([&] { RBFSampler<T>(options, device).fit(rows); });
    };
    const auto nystroem = [&](const NystroemOptions& options, const Matrix<T>& rows) {
      return refusal<InvalidArgument>([&] { Nystroem<T>(options, device).fit(rows); });
    };
    EXPECT_EQ(sampler({.gamma = 0.0}, x),
              "RBFSampler::fit: gamma = 0 but it must be a finite number above 0, \"scale\" or \"auto\"");
    EXPECT_EQ(sampler({.n_components = 0}, x),
              "RBFSampler::fit: n_components = 0 but it must be an integer of at least 1");
    EXPECT_EQ(sampler({}, Matrix<T>(0, 2)), "RBFSampler::fit: x is empty (0 x 2)");
    EXPECT_NE(sampler({}, bad), "not refused");
    EXPECT_EQ(nystroem({}, x), "Nystroem::fit: n_components = 100 but x has 6 rows");
    EXPECT_EQ(nystroem({.coef0 = std::numeric_limits<double>::infinity(), .n_components = 2}, x),
              "Nystroem::fit: coef0 = inf but it must be a finite number");
    EXPECT_EQ(nystroem({.degree = -1, .n_components = 2}, x),
              "Nystroem::fit: degree = -1 but it must be an integer from 0 to 1000");
    EXPECT_NE(nystroem({.kernel = SVMKernel::precomputed, .n_components = 2}, x), "not refused");
    EXPECT_NE(nystroem({.n_components = 2}, bad), "not refused");
    Nystroem<T> model({.n_components = 2}, device);
    EXPECT_EQ(refusal<NotFitted>([&] { (void)model.transform(x); }), "Nystroem::transform: call fit first");
    EXPECT_EQ(refusal<NotFitted>([&] { (void)RBFSampler<T>().random_offset(); }),
              "RBFSampler::random_offset: call fit first");
    model.fit(x);
    EXPECT_NE(refusal<InvalidArgument>([&] { (void)model.transform(Matrix<T>(2, 3)); }), "not refused");
    EXPECT_NE(refusal<InvalidArgument>([&] { (void)model.transform(bad); }), "not refused");
    EXPECT_EQ(refusal<InvalidArgument>([&] {
                model.set_params({{"kernel", std::string("precomputed")}});
              }),
              "Nystroem::set_params: kernel = \"precomputed\" but it must be one of linear, poly, rbf, sigmoid");
    // No direction of a kernel that is 0 everywhere counts.
    Nystroem<T> nothing({.kernel = SVMKernel::linear, .n_components = 2}, device);
    EXPECT_EQ(nothing.fit_transform(Matrix<T>(3, 2)), Matrix<T>(3, 2));
  }
}

}  // namespace
}  // namespace forja::testing

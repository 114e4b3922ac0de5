// Columns scaled: figures by hand, digits kept beside great means, and the same bits for any number of threads.

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <limits>
#include <vector>

#include "forja/generators.h"
#include "forja/preprocessing.h"
#include "support/storage_types.h"

namespace {

using forja::Matrix;
using forja::MinMaxScaler;
using forja::StandardScaler;
using Doubles = std::vector<double>;

template <class T>
class Scaling : public ::testing::Test {
 protected:
  /// One rounding of a result to T.
  static constexpr double kRounded = static_cast<double>(std::numeric_limits<T>::epsilon());

  static void expect_near(const Matrix<T>& got, const std::vector<double>& expected) {
    ASSERT_EQ(got.values().size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(got.values()[i], expected[i], kRounded * (1 + std::fabs(expected[i]))) << i;
    }
  }
};
TYPED_TEST_SUITE(Scaling, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(Scaling, standard_columns_have_mean_0_and_variance_1) {
  using T = TypeParam;
  const Matrix<T> x(4, 2, {T(1), T(-2), T(3), T(-2), T(3), T(6), T(5), T(6)});
  StandardScaler<T> scaler;
  const Matrix<T> scaled = scaler.fit_transform(x);
  EXPECT_EQ(scaler.mean(), (Doubles{3, 2}));
  EXPECT_EQ(scaler.var(), (Doubles{2, 16}));
  EXPECT_EQ(scaler.scale(), (Doubles{std::sqrt(2.0), 4}));
  EXPECT_EQ(scaler.n_features_in(), 2);
  this->expect_near(scaled, {-std::sqrt(2.0), -1, 0, -1, 0, 1, std::sqrt(2.0), 1});
  this->expect_near(scaler.inverse_transform(scaled), {1, -2, 3, -2, 3, 6, 5, 6});
  this->expect_near(scaler.transform(Matrix<T>(1, 2, {T(7), T(10)})), {4 / std::sqrt(2.0), 2});
}

TYPED_TEST(Scaling, mean_or_deviation_may_stay) {
  using T = TypeParam;
  const Matrix<T> x(2, 1, {T(1), T(5)});
  StandardScaler<T> no_mean({.with_mean = false});
  EXPECT_EQ(no_mean.fit_transform(x), Matrix<T>(2, 1, {T(0.5), T(2.5)}));
  EXPECT_EQ(no_mean.inverse_transform(no_mean.transform(x)), x);
  StandardScaler<T> no_std({.with_std = false});
  EXPECT_EQ(no_std.fit_transform(x), Matrix<T>(2, 1, {T(-2), T(2)}));
  EXPECT_EQ(no_std.inverse_transform(no_std.transform(x)), x);
}

TYPED_TEST(Scaling, weights_are_repeated_rows) {
  using T = TypeParam;
  const Matrix<T> x(3, 2, {T(1), T(2), T(4), T(8), T(100), T(-50)});
  const Matrix<T> repeated(4, 2, {T(1), T(2), T(4), T(8), T(4), T(8), T(4), T(8)});
  StandardScaler<T> weighted;
  weighted.fit(x, std::vector<T>{1, 3, 0});
  StandardScaler<T> plain;
  plain.fit(repeated);
  for (std::size_t j = 0; j < 2; ++j) {
    EXPECT_NEAR(weighted.mean()[j], plain.mean()[j], 1e-14);
    EXPECT_NEAR(weighted.var()[j], plain.var()[j], 1e-14);
  }
  // A row of weight 0 does not make a constant column vary.
  weighted.fit(x, std::vector<T>{1, 0, 0});
  EXPECT_EQ(weighted.scale(), (Doubles{1, 1}));
}

TYPED_TEST(Scaling, a_constant_column_becomes_0_whatever_its_size) {
  using T = TypeParam;
  const auto tenth = static_cast<double>(T(0.1));
  Matrix<T> x(1001, 3);
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    x(i, 0) = T(0.1);
    x(i, 1) = std::numeric_limits<T>::max() / 4;
    x(i, 2) = std::numeric_limits<T>::denorm_min();
  }
  StandardScaler<T> scaler;
  EXPECT_EQ(scaler.fit_transform(x), Matrix<T>(1001, 3));
  EXPECT_EQ(scaler.mean()[0], tenth);
  EXPECT_EQ(scaler.scale(), (Doubles{1, 1, 1}));
  MinMaxScaler<T> ranges;
  EXPECT_EQ(ranges.fit_transform(x), Matrix<T>(1001, 3));
  EXPECT_EQ(ranges.inverse_transform(Matrix<T>(1, 3))(0, 0), T(0.1));
}

TYPED_TEST(Scaling, a_great_mean_costs_no_digits) {
  using T = TypeParam;
  // 1e6 and steps of 1/8 are exact in float; sums of squares about 0 would lose them even in double's 16 digits.
  const double offset = sizeof(T) == 4 ? 1e6 : 1e12;
  Matrix<T> x(10000, 1);
  for (std::int64_t i = 0; i < x.rows(); ++i) x(i, 0) = static_cast<T>(offset + static_cast<double>(i % 5 - 2) / 8);
  StandardScaler<T> scaler;
  scaler.fit(x);
  EXPECT_EQ(scaler.mean()[0], offset);
  EXPECT_EQ(scaler.var()[0], 1.0 / 32);  // (4 + 1 + 0 + 1 + 4) / 5 squares of an eighth
}

TYPED_TEST(Scaling, threads_do_not_change_a_bit) {
  using T = TypeParam;
  const auto data = forja::make_blobs<T>({.n_samples = 20000, .n_features = 3, .seed = 4});
  const int threads = omp_get_max_threads();
  std::vector<Matrix<T>> scaled;
  for (const int used : {1, 3}) {
    omp_set_num_threads(used);
    scaled.push_back(StandardScaler<T>().fit_transform(data.x));
    scaled.push_back(MinMaxScaler<T>().fit_transform(data.x));
  }
  omp_set_num_threads(threads);
  EXPECT_EQ(scaled[0], scaled[2]);
  EXPECT_EQ(scaled[1], scaled[3]);
  double sum = 0;
  double squares = 0;
  for (std::int64_t i = 0; i < 20000; ++i) {
    sum += static_cast<double>(scaled[0](i, 1));
    squares += static_cast<double>(scaled[0](i, 1)) * static_cast<double>(scaled[0](i, 1));
  }
  // Each value is rounded to T once; 20000 additions here round in double.
  EXPECT_NEAR(sum / 20000, 0, this->kRounded + 1e-12);
  EXPECT_NEAR(squares / 20000, 1, 2 * this->kRounded + 1e-12);
}

TYPED_TEST(Scaling, ranges_end_where_they_should) {
  using T = TypeParam;
  const Matrix<T> x(3, 2, {T(-1), T(10), T(0), T(30), T(3), T(20)});
  MinMaxScaler<T> scaler;
  EXPECT_EQ(scaler.fit_transform(x), Matrix<T>(3, 2, {T(0), T(0), T(0.25), T(1), T(1), T(0.5)}));
  EXPECT_EQ(scaler.data_min(), (Doubles{-1, 10}));
  EXPECT_EQ(scaler.data_max(), (Doubles{3, 30}));
  EXPECT_EQ(scaler.inverse_transform(scaler.transform(x)), x);
  MinMaxScaler<T> other({.feature_min = -1, .feature_max = 1});
  EXPECT_EQ(other.fit_transform(x), Matrix<T>(3, 2, {T(-1), T(-1), T(-0.5), T(1), T(1), T(0)}));
  EXPECT_EQ(other.inverse_transform(other.transform(x)), x);
  const Matrix<T> beyond(2, 2, {T(7), T(0), T(-5), T(50)});
  EXPECT_EQ(other.transform(beyond), Matrix<T>(2, 2, {T(3), T(-2), T(-3), T(3)}));
  other.set_params({{"clip", true}});
  EXPECT_EQ(other.transform(beyond), Matrix<T>(2, 2, {T(1), T(-1), T(-1), T(1)}));
}

TYPED_TEST(Scaling, views_with_a_stride_are_read_row_by_row) {
  using T = TypeParam;
  const std::vector<T> memory = {T(1), T(9), T(3), T(9)};
  const forja::MatrixView<const T> column(memory.data(), 2, 1, 2);
  EXPECT_EQ(StandardScaler<T>().fit_transform(column), Matrix<T>(2, 1, {T(-1), T(1)}));
  EXPECT_EQ(MinMaxScaler<T>().fit_transform(column), Matrix<T>(2, 1, {T(0), T(1)}));
}

}  // namespace

// How values become bins.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "boosting/bin_table_fit.h"
#include "boosting/sort_values.h"
#include "forja/error.h"
#include "formulas/counter_random.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::Matrix;
using forja::MatrixView;
using forja::compute::BinTable;
using forja::core::fit_bin_table;
using forja::testing::refusal;
using forja::testing::StorageName;
using forja::testing::StorageTypes;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double uniform(std::int64_t place) {
  return forja::formulas::random_uniform(7, 1, static_cast<std::uint64_t>(place)) * 2 - 1;
}

std::vector<double> listed(const BinTable& table, std::int64_t f = 0) {
  return {table.values(f).begin(), table.values(f).end()};
}

template <class T>
BinTable of_column(const std::vector<T>& values, std::int64_t max_bins, std::uint8_t categorical = 0,
                   const std::vector<T>& weight = {}) {
  return fit_bin_table<T>(MatrixView<const T>(values.data(), std::ssize(values), 1), std::vector{categorical}, max_bins,
                          1, weight);
}

/// The bin of a value by what BinTable says of numeric features.
std::int64_t bin_of(const std::vector<double>& bounds, double value) {
  std::int64_t bin = 0;
  while (bin < std::ssize(bounds) && !(bounds[static_cast<std::size_t>(bin)] >= value)) ++bin;
  return bin;
}

template <class T>
class BoostingBins : public ::testing::Test {};
TYPED_TEST_SUITE(BoostingBins, StorageTypes, StorageName);

TYPED_TEST(BoostingBins, few_values_have_a_bound_midway_between_neighbours) {
  using T = TypeParam;
  EXPECT_EQ(listed(of_column<T>({3, 1, 2, 1, 6}, 4)), (std::vector<double>{1.5, 2.5, 4.5}));
  EXPECT_EQ(of_column<T>({3, 1, 2, 1, 6}, 4).n_bins(0), 4);
  EXPECT_TRUE(listed(of_column<T>({5, 5, 5}, 4)).empty());
  EXPECT_TRUE(listed(of_column<T>({5}, 2)).empty());
}

TYPED_TEST(BoostingBins, missing_values_and_rows_without_weight_do_not_count) {
  using T = TypeParam;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  EXPECT_EQ(listed(of_column<T>({nan, 1, nan, 3, nan}, 2)), (std::vector<double>{2}));
  EXPECT_EQ(listed(of_column<T>({0, 1, 100, 3, nan}, 8, 0, {1, 1, 0, 2, 1})), (std::vector<double>{0.5, 2}));
  EXPECT_TRUE(listed(of_column<T>({0, 1}, 8, 0, {0, 0})).empty());
  const BinTable nothing = of_column<T>({nan, nan}, 2);
  EXPECT_TRUE(listed(nothing).empty());
  EXPECT_EQ(nothing.n_bins(0), 1);
}

TYPED_TEST(BoostingBins, both_zeros_are_one_value) {
  using T = TypeParam;
  EXPECT_TRUE(listed(of_column<T>({T{0}, -T{0}}, 4)).empty());
  EXPECT_EQ(listed(of_column<T>({-T{0}, 1, 0, -1}, 4)), (std::vector<double>{-0.5, 0.5}));
}

TYPED_TEST(BoostingBins, infinite_values_are_values) {
  using T = TypeParam;
  const T inf = std::numeric_limits<T>::infinity();
  EXPECT_EQ(listed(of_column<T>({inf, 1, -inf, 3}, 8)), (std::vector<double>{-kInfinity, 2, 3}));
  EXPECT_EQ(listed(of_column<T>({inf, -inf}, 8)), (std::vector<double>{-kInfinity}));
}

TYPED_TEST(BoostingBins, a_bound_lies_at_or_above_the_lower_and_below_the_upper_neighbour) {
  using T = TypeParam;
  const T most = std::numeric_limits<T>::max();
  const T least = std::numeric_limits<T>::denorm_min();
  const T inf = std::numeric_limits<T>::infinity();
  std::vector<T> values = {-most, most, std::nextafter(most, T{0}), 0, least, 2 * least, -least, 1, inf};
  for (int i = 0; i < 20; ++i) values.push_back(std::nextafter(values.back() == inf ? T{1} : values.back(), inf));
  const std::vector<double> bounds = listed(of_column<T>(values, 255));
  const std::set<T> different(values.begin(), values.end());
  ASSERT_EQ(bounds.size() + 1, different.size());
  auto upper = different.begin();
  for (const double bound : bounds) {
    const T lower = *upper++;
    EXPECT_EQ(static_cast<double>(static_cast<T>(bound)), bound);
    EXPECT_LE(static_cast<double>(lower), bound);
    EXPECT_LT(bound, static_cast<double>(*upper));
  }
}

/// Of sorted values, as scikit-learn's _BinMapper places them: the partition of the values is that of the quantiles.
template <class T>
std::vector<double> naive_quantiles(std::vector<T> values, std::int64_t max_bins) {
  std::sort(values.begin(), values.end());
  std::set<double> bounds;
  for (std::int64_t k = 1; k < max_bins; ++k) {
    const double behind = static_cast<double>(k) * static_cast<double>(values.size()) / static_cast<double>(max_bins);
    const T lower = values[static_cast<std::size_t>(std::ceil(behind)) - 1];
    const auto upper = std::find_if(values.begin(), values.end(), [&](T value) { return value > lower; });
    if (upper != values.end()) bounds.insert(static_cast<double>(std::midpoint(lower, *upper)));
  }
  return {bounds.begin(), bounds.end()};
}

TYPED_TEST(BoostingBins, of_many_values_the_quantiles_have_bounds) {
  using T = TypeParam;
  for (const std::int64_t n : {17, 300, 2500}) {
    for (const std::int64_t max_bins : {2, 16, 255}) {
      if (max_bins >= n) continue;
      std::vector<T> values;
      for (std::int64_t i = 0; i < n; ++i) values.push_back(static_cast<T>(uniform(i)));
      const std::vector<double> bounds = listed(of_column<T>(values, max_bins));
      EXPECT_EQ(bounds, naive_quantiles(values, max_bins));
      EXPECT_LT(std::ssize(bounds), max_bins);
      std::map<std::int64_t, std::int64_t> rows;
      for (const T value : values) ++rows[bin_of(bounds, static_cast<double>(value))];
      if (n < 2500) continue;
      EXPECT_EQ(std::ssize(rows), max_bins);
      for (const auto& [bin, count] : rows)
        EXPECT_NEAR(static_cast<double>(count), static_cast<double>(n) / static_cast<double>(max_bins), 1);
    }
  }
}

TYPED_TEST(BoostingBins, quantiles_of_frequent_values_merge) {
  using T = TypeParam;
  std::vector<T> values(90, T{0});
  for (int i = 1; i <= 10; ++i) values.push_back(static_cast<T>(i));
  EXPECT_EQ(listed(of_column<T>(values, 10)), (std::vector<double>{0.5}));
  EXPECT_EQ(listed(of_column<T>(values, 10)), naive_quantiles(values, 10));
  // The most frequent value is the greatest: nothing is behind it.
  for (T& value : values) value = -value;
  EXPECT_EQ(listed(of_column<T>(values, 10)), naive_quantiles(values, 10));
}

TYPED_TEST(BoostingBins, columns_and_threads_do_not_mix) {
  using T = TypeParam;
  // More columns than a cache line has, rows with a stride, and enough of both for threads.
  const std::int64_t n = 2300;
  const std::int64_t d = 37;
  Matrix<T> all(n, d + 3);
  for (std::int64_t i = 0; i < std::ssize(all.values()); ++i) {
    all.values()[static_cast<std::size_t>(i)] = static_cast<T>(i % 11 == 0 ? kNaN : uniform(i));
  }
  const MatrixView<const T> x(all.data() + 1, n, d, all.columns());
  const BinTable one = fit_bin_table<T>(x, {}, 64, 1);
  for (const int threads : {0, 2, 3, 64}) {
    const BinTable table = fit_bin_table<T>(x, {}, 64, threads);
    EXPECT_EQ(table.entries, one.entries);
    EXPECT_EQ(table.first, one.first);
  }
  ASSERT_EQ(one.features(), d);
  for (std::int64_t f = 0; f < d; ++f) {
    std::vector<T> values;
    for (std::int64_t i = 0; i < n; ++i) {
      if (!std::isnan(x(i, f))) values.push_back(x(i, f));
    }
    EXPECT_EQ(listed(one, f), naive_quantiles(values, 64));
  }
}

TYPED_TEST(BoostingBins, many_rows_are_judged_by_a_sample_of_them) {
  using T = TypeParam;
  const std::int64_t n = 2 * forja::core::kBinningRows + 7;
  std::vector<T> values;
  for (std::int64_t i = 0; i < n; ++i)
    values.push_back(static_cast<T>(static_cast<double>(i) / static_cast<double>(n)));
  const std::vector<double> bounds = listed(of_column<T>(values, 100));
  ASSERT_EQ(bounds.size(), 99U);
  // Each row of the sample comes from a stretch of its own, so that quantiles are off by a stretch or two.
  for (std::size_t k = 0; k < bounds.size(); ++k) EXPECT_NEAR(bounds[k], static_cast<double>(k + 1) / 100, 1.5e-5);
  EXPECT_EQ(bounds, listed(of_column<T>(values, 100)));

  // Rows of weight 0 are not drawn from.
  std::vector<T> weight(values.size(), T{1});
  for (std::size_t i = 0; i < weight.size() / 2; ++i) weight[i] = 0;
  const std::vector<double> upper = listed(of_column<T>(values, 100, 0, weight));
  for (std::size_t k = 0; k < upper.size(); ++k) EXPECT_NEAR(upper[k], 0.5 + static_cast<double>(k + 1) / 200, 2e-5);
}

TYPED_TEST(BoostingBins, categories_are_listed_and_negative_ones_are_missing) {
  using T = TypeParam;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const BinTable table = of_column<T>({7, -1, 2, nan, 7, 1000000, -T{0}, 0}, 255, 1);
  EXPECT_EQ(listed(table), (std::vector<double>{0, 2, 7, 1000000}));
  EXPECT_EQ(table.n_bins(0), 4);
  EXPECT_EQ(listed(of_column<T>({7, 3, 2}, 255, 1, {1, 0, 1})), (std::vector<double>{2, 7}));
  // A bin there is, of a category that no row has.
  EXPECT_EQ(of_column<T>({-1, nan}, 255, 1).n_bins(0), 1);
}

TYPED_TEST(BoostingBins, the_most_frequent_categories_have_bins) {
  using T = TypeParam;
  EXPECT_EQ(listed(of_column<T>({5, 1, 5, 4, 4, 9, 2, 9, 9}, 3, 1)), (std::vector<double>{4, 5, 9}));
  EXPECT_EQ(listed(of_column<T>({5, 1, 5, 4, 4, 9, 2, 9, 9}, 4, 1)), (std::vector<double>{1, 4, 5, 9}));
  std::vector<T> values;
  for (int i = 0; i < 300; ++i) values.insert(values.end(), i >= 260 ? 2 : 1, static_cast<T>(i));
  const std::vector<double> categories = listed(of_column<T>(values, 255, 1));
  ASSERT_EQ(categories.size(), 255U);
  EXPECT_EQ(categories[214], 214);
  EXPECT_EQ(categories[215], 260);
  EXPECT_EQ(categories[254], 299);
}

TYPED_TEST(BoostingBins, keys_have_the_order_of_their_values) {
  using T = TypeParam;
  for (const std::int64_t n : {0, 1, 100, 2047, 2048, 5000}) {
    std::vector<T> values;
    std::vector<forja::core::OrderedKey<T>> keys;
    for (std::int64_t i = 0; i < n; ++i) {
      const auto value = static_cast<T>(std::ldexp(uniform(i), static_cast<int>(i % 100) - 50));
      values.push_back(value);
      keys.push_back(forja::core::ordered_key(value));
      EXPECT_EQ(forja::core::value_of_key<T>(keys.back()), value);
    }
    std::vector<forja::core::OrderedKey<T>> scratch;
    forja::core::sort_keys<forja::core::OrderedKey<T>>(keys, scratch);
    std::sort(values.begin(), values.end());
    for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(forja::core::value_of_key<T>(keys[i]), values[i]);
  }
}

TYPED_TEST(BoostingBins, what_is_not_whole_is_no_category) {
  using T = TypeParam;
  const Matrix<T> x(2, 2, {0.5, 3, 1, T(2.5)});
  const std::vector<std::uint8_t> second = {0, 1};
  EXPECT_EQ(refusal<forja::InvalidArgument>([&] { forja::core::check_categories<T>("Fit", x.view(), second); }),
            "Fit: x(1, 1) = 2.5 but feature 1 is categorical: whole numbers or NaN");
  const Matrix<T> infinite(1, 1, {static_cast<T>(kInfinity)});
  EXPECT_NE(refusal<forja::InvalidArgument>(
                [&] { forja::core::check_categories<T>("Fit", infinite.view(), std::vector<std::uint8_t>{1}); }),
            "not refused");
  forja::core::check_categories<T>("Fit", x.view(), {});
  const Matrix<T> whole(1, 2, {-3, static_cast<T>(kNaN)});
  forja::core::check_categories<T>("Fit", whole.view(), std::vector<std::uint8_t>{1, 1});
}

}  // namespace

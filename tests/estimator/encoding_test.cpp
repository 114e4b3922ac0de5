// Columns made: products, categories, missing values. Figures are scikit-learn's or by hand.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include "forja/data.h"
#include "forja/preprocessing.h"
#include "support/data.h"
#include "support/storage_types.h"

namespace {

using forja::ImputerStrategy;
using forja::Matrix;
using forja::OneHotDrop;
using forja::OneHotEncoder;
using forja::PolynomialFeatures;
using forja::SimpleImputer;
using forja::UnknownCategory;
using Doubles = std::vector<double>;

template <class T>
class Encoding : public ::testing::Test {
 protected:
  static constexpr T kMissing = std::numeric_limits<T>::quiet_NaN();
};
TYPED_TEST_SUITE(Encoding, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(Encoding, products_come_by_degree_in_scikit_learns_order) {
  using T = TypeParam;
  const Matrix<T> x(1, 3, {T(2), T(3), T(5)});
  PolynomialFeatures<T> squares;
  EXPECT_EQ(squares.fit_transform(x), Matrix<T>(1, 10, {1, 2, 3, 5, 4, 6, 10, 9, 15, 25}));
  EXPECT_EQ(squares.powers(), Matrix<double>(10, 3, {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 2, 0, 0,
                                                     1, 1, 0, 1, 0, 1, 0, 2, 0, 0, 1, 1, 0, 0, 2}));
  PolynomialFeatures<T> cubes({.degree = 3, .include_bias = false});
  EXPECT_EQ(cubes.fit_transform(Matrix<T>(1, 2, {T(2), T(3)})), Matrix<T>(1, 9, {2, 3, 4, 6, 9, 8, 12, 18, 27}));
  EXPECT_EQ(cubes.n_output_features(), 9);
  EXPECT_EQ(cubes.n_features_in(), 2);
}

TYPED_TEST(Encoding, interactions_have_each_column_once) {
  using T = TypeParam;
  const Matrix<T> x(1, 3, {T(2), T(3), T(5)});
  PolynomialFeatures<T> pairs({.interaction_only = true});
  EXPECT_EQ(pairs.fit_transform(x), Matrix<T>(1, 7, {1, 2, 3, 5, 6, 10, 15}));
  PolynomialFeatures<T> all({.degree = 9, .interaction_only = true, .include_bias = false});
  EXPECT_EQ(all.fit_transform(x), Matrix<T>(1, 7, {2, 3, 5, 6, 10, 15, 30}));
}

TYPED_TEST(Encoding, products_of_degree_0_and_1_are_ones_and_the_columns) {
  using T = TypeParam;
  const Matrix<T> x(2, 2, {T(2), T(3), T(4), T(5)});
  EXPECT_EQ(PolynomialFeatures<T>({.degree = 0}).fit_transform(x), Matrix<T>(2, 1, {1, 1}));
  EXPECT_EQ(PolynomialFeatures<T>({.degree = 1, .include_bias = false}).fit_transform(x), x);
}

TYPED_TEST(Encoding, the_number_of_products_is_the_binomial_one) {
  using T = TypeParam;
  PolynomialFeatures<T> many({.degree = 5});
  EXPECT_EQ(many.fit(Matrix<T>(1, 20)).n_output_features(), 53130);  // 25 over 5
  PolynomialFeatures<T> high({.degree = 300});
  const Matrix<T> one = high.fit_transform(Matrix<T>(1, 1, {T(1)}));
  EXPECT_EQ(one, Matrix<T>(1, 301, T(1)));
}

TYPED_TEST(Encoding, every_category_has_a_column) {
  using T = TypeParam;
  const Matrix<T> x(3, 2, {T(7), T(-1), T(2), T(0), T(7), T(5)});
  OneHotEncoder<T> encoder;
  const Matrix<T> encoded(3, 5, {0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1});
  EXPECT_EQ(encoder.fit_transform(x), encoded);
  EXPECT_EQ(encoder.categories(), (std::vector<Doubles>{{2, 7}, {-1, 0, 5}}));
  EXPECT_EQ(encoder.n_output_features(), 5);
  EXPECT_EQ(encoder.n_features_in(), 2);
  EXPECT_EQ(encoder.inverse_transform(encoded), x);
}

TYPED_TEST(Encoding, categories_may_be_dropped) {
  using T = TypeParam;
  const Matrix<T> x(3, 2, {T(7), T(-1), T(2), T(0), T(7), T(5)});
  OneHotEncoder<T> first({.drop = OneHotDrop::first});
  const Matrix<T> without_first(3, 3, {1, 0, 0, 0, 1, 0, 1, 0, 1});
  EXPECT_EQ(first.fit_transform(x), without_first);
  EXPECT_EQ(first.inverse_transform(without_first), x);
  OneHotEncoder<T> binary({.drop = OneHotDrop::if_binary});
  const Matrix<T> without_one(3, 4, {1, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1});
  EXPECT_EQ(binary.fit_transform(x), without_one);
  EXPECT_EQ(binary.inverse_transform(without_one), x);
}

TYPED_TEST(Encoding, unknown_categories_may_be_zeros) {
  using T = TypeParam;
  OneHotEncoder<T> encoder({.handle_unknown = UnknownCategory::ignore});
  encoder.fit(Matrix<T>(2, 1, {T(1), T(3)}));
  const Matrix<T> encoded = encoder.transform(Matrix<T>(3, 1, {T(3), T(2), T(9)}));
  EXPECT_EQ(encoded, Matrix<T>(3, 2, {0, 1, 0, 0, 0, 0}));
  const Matrix<T> back = encoder.inverse_transform(encoded);
  EXPECT_EQ(back(0, 0), T(3));
  EXPECT_TRUE(std::isnan(back(1, 0)));
}

TYPED_TEST(Encoding, missing_values_become_what_their_column_is_like) {
  using T = TypeParam;
  const T gap = this->kMissing;
  const Matrix<T> x(5, 2, {T(1), gap, gap, T(4), T(8), T(4), T(3), T(2), gap, T(2)});
  const auto statistics = [&](ImputerStrategy strategy) {
    return SimpleImputer<T>({.strategy = strategy, .fill_value = -7}).fit(x).statistics();
  };
  EXPECT_EQ(statistics(ImputerStrategy::mean), (Doubles{4, 3}));
  EXPECT_EQ(statistics(ImputerStrategy::median), (Doubles{3, 3}));
  EXPECT_EQ(statistics(ImputerStrategy::most_frequent), (Doubles{1, 2}));
  EXPECT_EQ(statistics(ImputerStrategy::constant), (Doubles{-7, -7}));
  SimpleImputer<T> imputer;
  EXPECT_EQ(imputer.fit_transform(x), Matrix<T>(5, 2, {1, 3, 4, 4, 8, 4, 3, 2, 4, 2}));
  EXPECT_EQ(imputer.transform(Matrix<T>(1, 2, {gap, T(9)})), Matrix<T>(1, 2, {4, 9}));
  EXPECT_EQ(SimpleImputer<T>({.strategy = ImputerStrategy::constant}).fit_transform(Matrix<T>(2, 1, gap)),
            Matrix<T>(2, 1));
}

TYPED_TEST(Encoding, many_rows_are_encoded_as_few_are) {
  using T = TypeParam;
  // More rows than one chunk has.
  Matrix<T> x(10001, 1);
  for (std::int64_t i = 0; i < x.rows(); ++i) x(i, 0) = static_cast<T>(i % 3);
  const Matrix<T> encoded = OneHotEncoder<T>().fit_transform(x);
  const Matrix<T> powers = PolynomialFeatures<T>().fit_transform(x);
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    for (std::int64_t c = 0; c < 3; ++c) ASSERT_EQ(encoded(i, c), i % 3 == c ? T(1) : T(0)) << i;
    ASSERT_EQ(powers(i, 2), x(i, 0) * x(i, 0)) << i;
  }
}

TEST(BookFigures, housings_blanks_get_the_median_and_its_text_five_columns) {
  if (!forja::testing::data_dir()) GTEST_SKIP() << "FORJA_DATA_DIR is not set";
  const auto housing = forja::read_csv<double>(*forja::testing::data_dir() / "tabular" / "housing.csv",
                                               {.target = "median_house_value"});
  const std::int64_t bedrooms = housing.column("total_bedrooms");
  SimpleImputer<double> imputer({.strategy = ImputerStrategy::median});
  const Matrix<double> filled = imputer.fit_transform(housing.x);
  EXPECT_EQ(imputer.statistics()[static_cast<std::size_t>(bedrooms)],
            435);  // of all rows; the book's 434 is of a split
  Matrix<double> proximity(filled.rows(), 1);
  for (std::int64_t i = 0; i < filled.rows(); ++i) proximity(i, 0) = filled(i, housing.column("ocean_proximity"));
  EXPECT_EQ(OneHotEncoder<double>().fit_transform(proximity).columns(), 5);
}

}  // namespace

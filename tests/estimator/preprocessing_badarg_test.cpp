// What the transformers refuse, in which words; and that a refusal changes nothing.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "forja/error.h"
#include "forja/preprocessing.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::InvalidArgument;
using forja::Matrix;
using forja::MinMaxScaler;
using forja::NotFitted;
using forja::OneHotDrop;
using forja::OneHotEncoder;
using forja::Params;
using forja::PolynomialFeatures;
using forja::SimpleImputer;
using forja::StandardScaler;
using forja::testing::refusal;

template <class T>
class TransformersRefuse : public ::testing::Test {
 protected:
  /// What each of the five says.
  template <class Call>
  static void expect_all(const Call& call, const std::string& after_name) {
    EXPECT_EQ(refusal<InvalidArgument>([&] { call(StandardScaler<T>()); }), "StandardScaler" + after_name);
    EXPECT_EQ(refusal<InvalidArgument>([&] { call(MinMaxScaler<T>()); }), "MinMaxScaler" + after_name);
    EXPECT_EQ(refusal<InvalidArgument>([&] { call(PolynomialFeatures<T>()); }), "PolynomialFeatures" + after_name);
    EXPECT_EQ(refusal<InvalidArgument>([&] { call(OneHotEncoder<T>()); }), "OneHotEncoder" + after_name);
    EXPECT_EQ(refusal<InvalidArgument>([&] { call(SimpleImputer<T>()); }), "SimpleImputer" + after_name);
  }

  const Matrix<T> x_{3, 2, {T(1), T(2), T(3), T(4), T(5), T(6)}};
};
TYPED_TEST_SUITE(TransformersRefuse, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(TransformersRefuse, rows_that_are_empty_or_infinite) {
  using T = TypeParam;
  this->expect_all([](auto model) { model.fit(Matrix<T>()); }, "::fit: x is empty (0 x 0)");
  this->expect_all([](auto model) { model.fit(Matrix<T>(3, 0)); }, "::fit: x is empty (3 x 0)");
  Matrix<T> x = this->x_;
  x(1, 0) = -std::numeric_limits<T>::infinity();
  this->expect_all([&](auto model) { model.fit(x); }, "::fit: x has an infinity in row 1, column 0");
  this->expect_all([&](auto model) { model.fit(this->x_).transform(x); },
                   "::transform: x has an infinity in row 1, column 0");
}

TYPED_TEST(TransformersRefuse, missing_values_but_for_the_imputer) {
  using T = TypeParam;
  Matrix<T> x = this->x_;
  x(2, 1) = std::numeric_limits<T>::quiet_NaN();
  const auto refused = [&](auto model) { return refusal<InvalidArgument>([&] { model.fit(x); }); };
  EXPECT_EQ(refused(StandardScaler<T>()), "StandardScaler::fit: x has NaN in row 2, column 1");
  EXPECT_EQ(refused(OneHotEncoder<T>()), "OneHotEncoder::fit: x has NaN in row 2, column 1");
  EXPECT_EQ(refused(SimpleImputer<T>()), "not refused");
  for (std::int64_t i = 0; i < 2; ++i) x(i, 1) = x(2, 1);
  EXPECT_EQ(refused(SimpleImputer<T>()), "SimpleImputer::fit: column 1 has no value in any of 3 rows");
}

TYPED_TEST(TransformersRefuse, another_number_of_columns_than_fit_saw) {
  using T = TypeParam;
  this->expect_all([&](auto model) { model.fit(this->x_).transform(Matrix<T>(1, 3)); },
                   "::transform: x has 3 columns but the model was fitted with 2");
  EXPECT_EQ(refusal<InvalidArgument>([&] { StandardScaler<T>().fit(this->x_).inverse_transform(Matrix<T>(1, 1)); }),
            "StandardScaler::inverse_transform: x has 1 columns but the model was fitted with 2");
  EXPECT_EQ(refusal<InvalidArgument>([&] { MinMaxScaler<T>().fit(this->x_).inverse_transform(Matrix<T>(1, 1)); }),
            "MinMaxScaler::inverse_transform: x has 1 columns but the model was fitted with 2");
  EXPECT_EQ(refusal<InvalidArgument>([&] { OneHotEncoder<T>().fit(this->x_).inverse_transform(Matrix<T>(1, 2)); }),
            "OneHotEncoder::inverse_transform: x has 2 columns but the model makes 6");
}

TYPED_TEST(TransformersRefuse, use_before_fit) {
  using T = TypeParam;
  const auto& x = this->x_;
  const auto refused = [](const auto& call) { return refusal<NotFitted>(call); };
  EXPECT_EQ(refused([&] { StandardScaler<T>().transform(x); }), "StandardScaler::transform: call fit first");
  EXPECT_EQ(refused([&] { StandardScaler<T>().inverse_transform(x); }),
            "StandardScaler::inverse_transform: call fit first");
  EXPECT_EQ(refused([&] { StandardScaler<T>().scale(); }), "StandardScaler::scale: call fit first");
  EXPECT_EQ(refused([&] { MinMaxScaler<T>().transform(x); }), "MinMaxScaler::transform: call fit first");
  EXPECT_EQ(refused([&] { MinMaxScaler<T>().data_min(); }), "MinMaxScaler::data_min: call fit first");
  EXPECT_EQ(refused([&] { PolynomialFeatures<T>().transform(x); }), "PolynomialFeatures::transform: call fit first");
  EXPECT_EQ(refused([&] { PolynomialFeatures<T>().powers(); }), "PolynomialFeatures::powers: call fit first");
  EXPECT_EQ(refused([&] { OneHotEncoder<T>().transform(x); }), "OneHotEncoder::transform: call fit first");
  EXPECT_EQ(refused([&] { OneHotEncoder<T>().categories(); }), "OneHotEncoder::categories: call fit first");
  EXPECT_EQ(refused([&] { SimpleImputer<T>().transform(x); }), "SimpleImputer::transform: call fit first");
  EXPECT_EQ(refused([&] { SimpleImputer<T>().statistics(); }), "SimpleImputer::statistics: call fit first");
  EXPECT_EQ(refused([&] { SimpleImputer<T>().n_features_in(); }), "SimpleImputer::n_features_in: call fit first");
}

TYPED_TEST(TransformersRefuse, weights_that_do_not_fit) {
  using T = TypeParam;
  const auto refused = [&](const std::vector<T>& weights) {
    return refusal<InvalidArgument>([&] { StandardScaler<T>().fit(this->x_, weights); });
  };
  EXPECT_EQ(refused({1}), "StandardScaler::fit: sample_weight has 1 values but x has 3 rows");
  EXPECT_EQ(refused({1, -1, 1}),
            "StandardScaler::fit: sample_weight(1) = -1 but weights must be finite and at least 0");
  EXPECT_EQ(refused({0, 0, 0}), "StandardScaler::fit: sample_weight has no positive weight");
}

TEST(TransformersRefuseDouble, columns_wider_than_double_can_say) {
  const Matrix<double> x(2, 1, {-1.5e308, 1.5e308});
  EXPECT_EQ(
      refusal<InvalidArgument>([&] { StandardScaler<double>().fit(x); }),
      "StandardScaler::fit: column 0 reaches from -1.5e+308 to 1.5e+308: its variance is no finite positive double");
  EXPECT_EQ(refusal<InvalidArgument>([&] {
              StandardScaler<double>().fit(Matrix<double>(2, 1, {0, 5e-324}));
            }),
            "StandardScaler::fit: column 0 reaches from 0 to 5e-324: its variance is no finite positive double");
  EXPECT_EQ(refusal<InvalidArgument>([&] { MinMaxScaler<double>().fit(x); }),
            "MinMaxScaler::fit: column 0 reaches from -1.5e+308 to 1.5e+308: its range is no finite double");
}

TYPED_TEST(TransformersRefuse, options_out_of_range) {
  using T = TypeParam;
  EXPECT_EQ(refusal<InvalidArgument>([&] { MinMaxScaler<T>({.feature_min = 1}).fit(this->x_); }),
            "MinMaxScaler::fit: feature_max = 1 but it must be above feature_min = 1");
  EXPECT_EQ(refusal<InvalidArgument>(
                [&] { MinMaxScaler<T>({.feature_max = std::numeric_limits<double>::infinity()}).fit(this->x_); }),
            "MinMaxScaler::fit: feature_max = inf but it must be a finite number");
  EXPECT_EQ(refusal<InvalidArgument>([&] { PolynomialFeatures<T>({.degree = -1}).fit(this->x_); }),
            "PolynomialFeatures::fit: degree = -1 but it must be an integer of at least 0");
  EXPECT_EQ(
      refusal<InvalidArgument>([&] { PolynomialFeatures<T>({.degree = 0, .include_bias = false}).fit(this->x_); }),
      "PolynomialFeatures::fit: degree = 0 without include_bias leaves no column");
  EXPECT_EQ(refusal<InvalidArgument>([&] { PolynomialFeatures<T>({.degree = 7}).fit(Matrix<T>(1, 100)); }),
            "PolynomialFeatures::fit: degree = 7 of 100 columns makes more than 16777216 columns");
  EXPECT_EQ(refusal<InvalidArgument>([&] { SimpleImputer<T>({.fill_value = std::nan("")}).fit(this->x_); }),
            "SimpleImputer::fit: fill_value = nan but it must be a finite number");
}

TYPED_TEST(TransformersRefuse, unknown_categories_by_place) {
  using T = TypeParam;
  OneHotEncoder<T> encoder({.drop = OneHotDrop::first});
  encoder.fit(this->x_);
  Matrix<T> x(9000, 2, T(2));
  for (std::int64_t i = 0; i < x.rows(); ++i) x(i, 0) = T(3);
  x(8500, 0) = T(9);
  x(4321, 1) = T(7);
  EXPECT_EQ(refusal<InvalidArgument>([&] { encoder.transform(x); }),
            "OneHotEncoder::transform: x has 7 in row 4321, column 1, a category that fit did not see");
}

TYPED_TEST(TransformersRefuse, parameters_by_wrong_names_or_values) {
  using T = TypeParam;
  const auto set = [](auto model, const Params& params) {
    return refusal<InvalidArgument>([&] { model.set_params(params); });
  };
  EXPECT_EQ(set(StandardScaler<T>(), {{"mean", true}}),
            "StandardScaler::set_params: \"mean\" is no parameter; there are with_mean, with_std");
  EXPECT_EQ(set(OneHotEncoder<T>(), {{"drop", std::string("last")}}),
            "OneHotEncoder::set_params: drop = \"last\" but it must be one of none, first, if_binary");
  EXPECT_EQ(
      set(SimpleImputer<T>(), {{"strategy", std::string("mode")}}),
      "SimpleImputer::set_params: strategy = \"mode\" but it must be one of mean, median, most_frequent, constant");
  PolynomialFeatures<T> products;
  products.set_params({{"degree", std::int64_t{3}}, {"interaction_only", true}});
  EXPECT_EQ(products.options().degree, 3);
  EXPECT_EQ(products.get_params().at("interaction_only"), forja::ParamValue(true));
  EXPECT_EQ(products.get_params().at("include_bias"), forja::ParamValue(true));
}

TYPED_TEST(TransformersRefuse, a_refused_fit_leaves_the_model_as_it_was) {
  using T = TypeParam;
  StandardScaler<T> scaler;
  const Matrix<T> before = scaler.fit_transform(this->x_);
  EXPECT_THROW(scaler.fit(Matrix<T>(0, 7)), InvalidArgument);
  EXPECT_EQ(scaler.transform(this->x_), before);
}

}  // namespace

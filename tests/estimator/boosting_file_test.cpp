// Saved gradient boosting: what comes back, on any device, and what a damaged file may not do.

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "boosting/fitted_forest.h"
#include "forja/boosting.h"
#include "forja/error.h"
#include "support/boosting_models.h"
#include "support/devices.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

using nlohmann::json;
using Labels = std::vector<std::int32_t>;

template <class T>
class BoostingFile : public ::testing::Test {
 protected:
  BoostingFile() : data(curve<T>(80, 3, 0.3)) {
    for (std::int64_t i = 0; i < 80; ++i) {
      if (i % 5 == 0) data.x(i, 0) = std::numeric_limits<T>::quiet_NaN();
      data.x(i, 1) = std::floor(data.x(i, 1) * 6);
      labels.push_back(data.y[static_cast<std::size_t>(i)] < 1 ? 3 : (i % 2 == 0 ? 8 : 5));
    }
  }

  HistGradientBoostingRegressor<T> regressor(const Device& device, std::int64_t max_iter = 2) const {
    HistGradientBoostingRegressorOptions options{.loss = BoostingRegressionLoss::poisson, .max_iter = max_iter};
    options.max_leaf_nodes = 4;
    options.min_samples_leaf = 5;
    options.categorical_features = {1};
    options.monotonic_cst = {0, 0, 1};
    options.interaction_cst = {{0, 2}, {1}};
    options.early_stopping = EarlyStopping::on;
    std::vector<T> y = data.y;
    for (T& value : y) value += 2;
    HistGradientBoostingRegressor<T> model(options, device);
    model.fit(data.x, y);
    return model;
  }

  Curve<T> data;
  Labels labels;
};
TYPED_TEST_SUITE(BoostingFile, StorageTypes, StorageName);

TYPED_TEST(BoostingFile, a_model_fitted_on_one_device_is_the_same_on_another) {
  using T = TypeParam;
  for (const Device& fitted_on : devices_under_test()) {
    const HistGradientBoostingRegressor<T> model = this->regressor(fitted_on);
    HistGradientBoostingClassifier<T> classes({.max_iter = 2, .max_leaf_nodes = 3, .class_weights = {{8, 2.0}}},
                                              fitted_on);
    classes.fit(this->data.x, this->labels);
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(fitted_on.name() + " to " + device.name());
      const auto other = loaded<HistGradientBoostingRegressor<T>>(saved(model), device);
      EXPECT_EQ(saved(other), saved(model));
      EXPECT_EQ(other.get_params(), model.get_params());
      EXPECT_EQ(other.options().interaction_cst, model.options().interaction_cst);
      EXPECT_EQ(other.train_score(), model.train_score());
      EXPECT_EQ(other.validation_score(), model.validation_score());
      EXPECT_EQ(other.predict(this->data.x), model.predict(this->data.x));
      EXPECT_EQ(other.feature_importances(), model.feature_importances());
      EXPECT_EQ(other.predict(this->data.x.view().row(7)), model.predict(this->data.x.view().row(7)));
      const auto again = loaded<HistGradientBoostingClassifier<T>>(saved(classes), device);
      EXPECT_EQ(again.classes(), classes.classes());
      EXPECT_EQ(again.options().class_weights, classes.options().class_weights);
      EXPECT_EQ(again.predict_proba(this->data.x), classes.predict_proba(this->data.x));
    }
  }
}

TYPED_TEST(BoostingFile, another_kind_or_type_is_refused_by_name) {
  using T = TypeParam;
  using Other = std::conditional_t<std::is_same_v<T, float>, double, float>;
  const std::string bytes = saved(this->regressor(Device::cpu()));
  EXPECT_THROW(loaded<HistGradientBoostingRegressor<Other>>(bytes), ModelFormatError);
  EXPECT_THROW(loaded<HistGradientBoostingClassifier<T>>(bytes), ModelFormatError);
  EXPECT_THROW((void)saved(HistGradientBoostingRegressor<T>()), NotFitted);
}

/// A document's array, as numbers.
template <class Value>
std::vector<Value> numbers(const json& array) {
  std::vector<Value> values(array.get_binary().size() / sizeof(Value));
  std::memcpy(values.data(), array.get_binary().data(), array.get_binary().size());
  return values;
}
template <class Value>
json array(const std::vector<Value>& values) {
  std::vector<std::uint8_t> bytes(values.size() * sizeof(Value));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return json::binary(std::move(bytes));
}

/// What is said of a model whose number `place` of an array (of the table, or of the state) is another.
template <class T, class Value>
std::string with(const std::string& bytes, bool of_table, const char* name, std::size_t place, Value value) {
  json document = json::from_cbor(bytes);
  json& where = of_table ? document["state"]["table"][name] : document["state"][name];
  std::vector<Value> values = numbers<Value>(where);
  values.at(place) = value;
  where = array(values);
  const std::vector<std::uint8_t> changed = json::to_cbor(document);
  return refusal<ModelFormatError>(
      [&] { (void)loaded<HistGradientBoostingRegressor<T>>(std::string(changed.begin(), changed.end())); });
}

TYPED_TEST(BoostingFile, forests_that_a_prediction_could_leave_are_refused) {
  using T = TypeParam;
  const HistGradientBoostingRegressor<T> model = this->regressor(Device::cpu());
  const std::string bytes = saved(model);
  ASSERT_GE(model.forest().nodes[0].feature, 0);
  const auto numeric =
      static_cast<std::size_t>(std::find_if(model.forest().nodes.begin(), model.forest().nodes.end(),
                                            [](const auto& node) { return node.feature >= 0 && node.categories < 0; }) -
                               model.forest().nodes.begin());
  EXPECT_EQ((with<T, std::int32_t>(bytes, false, "feature", 0, 3)),
            "model file: \"feature\" names a column that is not there");
  EXPECT_NE((with<T, std::int32_t>(bytes, false, "feature", 0, -1)), "not refused");
  for (const std::int32_t left : {0, -1, 2, 1'000'000, std::numeric_limits<std::int32_t>::max()}) {
    EXPECT_EQ((with<T, std::int32_t>(bytes, false, "left", 0, left)), "model file: \"left\" is no child") << left;
  }
  EXPECT_EQ((with<T, std::int32_t>(bytes, false, "bin", numeric, 255)),
            "model file: \"bin\" is not one of its feature");
  EXPECT_EQ((with<T, std::int32_t>(bytes, false, "missing_left", 0, 2)),
            "model file: \"missing_left\" is neither 0 nor 1");
  EXPECT_NE((with<T, std::int64_t>(bytes, false, "trees", 1, 1'000'000)), "not refused");
  EXPECT_NE((with<T, std::int64_t>(bytes, false, "trees", 1, 0)), "not refused");
  EXPECT_NE((with<T, std::int64_t>(bytes, false, "count", 0, -1)), "not refused");
  EXPECT_NE((with<T, double>(bytes, false, "value", 1, std::nan(""))), "not refused");
  EXPECT_NE((with<T, double>(bytes, false, "cover", 1, -1.0)), "not refused");
  EXPECT_NE((with<T, std::int64_t>(bytes, true, "first", 1, 1'000'000)), "not refused");
  EXPECT_NE((with<T, std::int32_t>(bytes, true, "categorical", 0, 7)), "not refused");
  EXPECT_EQ((with<T, std::int64_t>(bytes, true, "entries", 0, std::bit_cast<std::int64_t>(std::nan("")))),
            "model file: \"entries\" are not numbers of the model's that ascend");
  EXPECT_EQ((with<T, std::int64_t>(bytes, true, "entries", 0, std::bit_cast<std::int64_t>(1e300))),
            "model file: \"entries\" are not numbers of the model's that ascend");
  EXPECT_NE((with<T, std::int64_t>(bytes, false, "interaction_sizes", 0, 1'000'000)), "not refused");
}

TYPED_TEST(BoostingFile, damaged_files_are_refused_or_give_a_model_that_predicts) {
  using T = TypeParam;
  const std::string bytes = saved(this->regressor(Device::cpu(), 1));
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    EXPECT_THROW(loaded<HistGradientBoostingRegressor<T>>(bytes.substr(0, size)), ModelFormatError) << size;
  }
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 2) {
    for (const int flip : {0x01, 0x80}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      try {
        const auto other = loaded<HistGradientBoostingRegressor<T>>(damaged);
        const Matrix<T> row(1, other.n_features_in(), T(0.5));
        EXPECT_EQ(other.predict(row).size(), 1U);
        (void)other.predict(row.view().row(0));
      } catch (const ModelFormatError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 250);
}

}  // namespace
}  // namespace forja::testing

// Saved transformers: what comes back, and what a damaged file may not do.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "forja/error.h"
#include "forja/preprocessing.h"
#include "support/refusal.h"
#include "support/saved_models.h"
#include "support/storage_types.h"

namespace {

using forja::Matrix;
using forja::MinMaxScaler;
using forja::ModelFormatError;
using forja::OneHotDrop;
using forja::OneHotEncoder;
using forja::PolynomialFeatures;
using forja::SimpleImputer;
using forja::StandardScaler;
using forja::testing::loaded;
using forja::testing::saved;

template <class T>
class TransformerFile : public ::testing::Test {
 protected:
  /// Calls check(model) for each of the five, fitted with options that are not the defaults.
  template <class Check>
  void for_each_fitted(const Check& check) {
    check(StandardScaler<T>({.with_mean = false}).fit(x_));
    check(MinMaxScaler<T>({.feature_min = -2, .clip = true}).fit(x_));
    check(PolynomialFeatures<T>({.degree = 3, .include_bias = false}).fit(x_));
    check(OneHotEncoder<T>({.drop = OneHotDrop::if_binary}).fit(x_));
    check(SimpleImputer<T>({.strategy = forja::ImputerStrategy::median}).fit(x_));
  }

  const Matrix<T> x_{3, 2, {T(1), T(2), T(3), T(4), T(1), T(6)}};
};
TYPED_TEST_SUITE(TransformerFile, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(TransformerFile, a_loaded_transformer_is_the_saved_one) {
  this->for_each_fitted([&]<class Model>(const Model& model) {
    const Model other = loaded<Model>(saved(model));
    EXPECT_EQ(other.get_params(), model.get_params());
    EXPECT_EQ(other.n_features_in(), 2);
    EXPECT_EQ(other.transform(this->x_), model.transform(this->x_));
    EXPECT_EQ(saved(other), saved(model));
  });
}

TYPED_TEST(TransformerFile, options_changed_after_fit_do_not_change_what_was_learned) {
  using T = TypeParam;
  PolynomialFeatures<T> products;
  const Matrix<T> before = products.fit_transform(this->x_);
  products.set_params({{"degree", std::int64_t{5}}});
  EXPECT_EQ(loaded<PolynomialFeatures<T>>(saved(products)).transform(this->x_), before);
  OneHotEncoder<T> encoder;
  const Matrix<T> encoded = encoder.fit_transform(this->x_);
  encoder.set_params({{"drop", std::string("first")}});
  EXPECT_EQ(loaded<OneHotEncoder<T>>(saved(encoder)).transform(this->x_), encoded);
}

TYPED_TEST(TransformerFile, files_are_written_and_read_by_path) {
  using T = TypeParam;
  const std::filesystem::path path =
      std::filesystem::path(::testing::TempDir()) / (sizeof(T) == 4 ? "scaler_f.forja" : "scaler_d.forja");
  StandardScaler<T> scaler;
  EXPECT_THROW(scaler.save(path), forja::NotFitted);
  EXPECT_FALSE(std::filesystem::exists(path));
  scaler.fit(this->x_).save(path);
  EXPECT_EQ(StandardScaler<T>::load(path).scale(), scaler.scale());
  std::filesystem::remove(path);
  EXPECT_THROW(StandardScaler<T>::load(path), forja::DataError);
}

TYPED_TEST(TransformerFile, another_kind_is_refused_by_name) {
  using T = TypeParam;
  const std::string bytes = saved(StandardScaler<T>().fit(this->x_));
  EXPECT_EQ(forja::testing::refusal<ModelFormatError>([&] { loaded<MinMaxScaler<T>>(bytes); }),
            "model file: kind is StandardScaler but MinMaxScaler was asked for");
}

TYPED_TEST(TransformerFile, every_truncated_file_is_refused) {
  this->for_each_fitted([&]<class Model>(const Model& model) {
    const std::string bytes = saved(model);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_THROW(loaded<Model>(bytes.substr(0, size)), ModelFormatError) << size;
    }
  });
}

TYPED_TEST(TransformerFile, a_flipped_byte_is_refused_or_gives_a_transformer_that_works) {
  this->for_each_fitted([&]<class Model>(const Model& model) {
    const std::string bytes = saved(model);
    int refused = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (const int flip : {0x01, 0x40, 0x80, 0xff}) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ flip);
        try {
          const Model other = loaded<Model>(damaged);
          // Anything but a crash: an unknown category is refused.
          if (other.n_features_in() == 2) (void)other.transform(this->x_);
        } catch (const ModelFormatError&) {
          ++refused;
        } catch (const forja::InvalidArgument&) {
        }
      }
    }
    EXPECT_GT(refused, 100);
  });
}

}  // namespace

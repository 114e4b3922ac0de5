// libsvm's model files without libsvm: what forja writes it reads, and what is wrong with others it tells.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "forja/error.h"
#include "forja/svm.h"
#include "support/devices.h"
#include "support/naive_svm.h"
#include "support/refusal.h"
#include "support/saved_models.h"
#include "support/storage_types.h"
#include "support/svm_data.h"

namespace forja::testing {
namespace {

using Labels = std::vector<std::int32_t>;

template <class Model>
std::string text_of_model(const Model& model) {
  std::ostringstream out;
  model.save_libsvm(out);
  return out.str();
}

template <class Model>
Model model_of(const std::string& text, std::optional<std::int64_t> n_features = {},
               const Device& device = Device::cpu()) {
  std::istringstream in(text);
  return Model::load_libsvm(in, n_features, device);
}

template <class T>
class SvmModelText : public ::testing::Test {};
TYPED_TEST_SUITE(SvmModelText, StorageTypes, StorageName);

TYPED_TEST(SvmModelText, what_is_written_is_read_on_any_device) {
  using T = TypeParam;
  Three<T> data = three_classes<T>(60);
  for (std::int64_t i = 0; i < 60; ++i) data.x(i, 1) = i % 2 == 0 ? T(0) : data.x(i, 1);  // zeros are left out
  const std::vector<T> numbers(data.y.begin(), data.y.end());
  SVC<T> svc({.kernel = SVMKernel::poly, .degree = 2, .coef0 = -0.5, .probability = true}, Device::cpu());
  svc.fit(data.x, data.y);
  NuSVC<T> nu_svc({.nu = 0.2}, Device::cpu());
  nu_svc.fit(data.x, data.y);
  SVR<T> svr({.kernel = SVMKernel::sigmoid, .gamma = 0.01}, Device::cpu());
  svr.fit(data.x, std::span<const T>(numbers));
  NuSVR<T> nu_svr({.kernel = SVMKernel::linear}, Device::cpu());
  nu_svr.fit(data.x, std::span<const T>(numbers));
  OneClassSVM<T> one({.nu = 0.3}, Device::cpu());
  one.fit(data.x);
  const auto same = [&](const auto& model) {
    using Model = std::remove_cvref_t<decltype(model)>;
    const std::string text = text_of_model(model);
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name());
      const Model other = model_of<Model>(text, {}, device);
      EXPECT_EQ(text_of_model(other), text);
      EXPECT_EQ(other.dual_coef(), model.dual_coef());
      EXPECT_EQ(other.intercept(), model.intercept());
      EXPECT_EQ(other.support_vectors(), model.support_vectors());
      EXPECT_EQ(other.n_features_in(), 2);
      EXPECT_EQ(other.options().kernel, model.options().kernel);
      EXPECT_FALSE(other.converged());  // which the file does not tell
      Model here = model;
      here.set_device(device);
      EXPECT_EQ(other.predict(data.x), here.predict(data.x));
      EXPECT_EQ(loaded<Model>(saved(other), device).predict(data.x), here.predict(data.x));
    }
  };
  same(svc);
  same(nu_svc);
  same(svr);
  same(nu_svr);
  same(one);
  const auto other = model_of<SVC<T>>(text_of_model(svc));
  EXPECT_EQ(other.classes(), svc.classes());
  EXPECT_EQ(other.n_support(), svc.n_support());
  EXPECT_EQ(other.predict_proba(data.x), svc.predict_proba(data.x));
  EXPECT_EQ(other.options().degree, 2);
  EXPECT_EQ(other.options().coef0, -0.5);
}

TYPED_TEST(SvmModelText, a_given_kernel_is_named_by_the_rows_of_fit) {
  using T = TypeParam;
  const Three<T> data = three_classes<T>(30);
  const Matrix<T> kernel = rbf_kernel<T>(data.x, data.x, 0.3, Device::cpu());
  SVC<T> model({.kernel = SVMKernel::precomputed}, Device::cpu());
  model.fit(kernel, data.y);
  const auto other = model_of<SVC<T>>(text_of_model(model), 30);
  EXPECT_EQ(other.support(), model.support());
  EXPECT_EQ(other.decision_function(kernel), model.decision_function(kernel));
}

/// Two classes in descending order: 5 wins where x0 > 0, by K = x x'.
constexpr const char* kByHand =
    "svm_type c_svc\nkernel_type linear\nnr_class 2\ntotal_sv 2\nrho 0.25\nlabel 5 -3\nnr_sv 1 1\nSV\n"
    "2 1:1 \n-1 3:-0.5 \n";

TYPED_TEST(SvmModelText, classes_in_any_order_are_put_in_the_ascending_one) {
  using T = TypeParam;
  const auto model = model_of<SVC<T>>(kByHand);
  EXPECT_EQ(model.classes(), (Labels{-3, 5}));
  EXPECT_EQ(model.n_features_in(), 3);
  const Matrix<T> x(2, 3, {T(1), T(0), T(2), T(-1), T(0), T(0)});
  // 2 x0 + 0.5 x2 - 0.25, positive for 5.
  const Matrix<T> found = model.decision_function(x);
  EXPECT_EQ(found(0, 0), T(2.75));
  EXPECT_EQ(found(1, 0), T(-2.25));
  EXPECT_EQ(model.predict(x), (Labels{5, -3}));
  EXPECT_EQ(model.support_vectors()(0, 2), T(-0.5));  // class -3 first
  EXPECT_EQ(model_of<SVC<T>>(kByHand, 7).n_features_in(), 7);
}

/// kByHand with one piece of it replaced.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = kByHand;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(SvmModelTextRefuses, files_at_fault_by_their_lines) {
  const auto words = [](const std::string& text, std::optional<std::int64_t> n_features = {}) {
    return refusal<ModelFormatError>([&] { model_of<SVC<>>(text, n_features); });
  };
  const std::string line = "libsvm model: line ";
  EXPECT_EQ(words(changed("c_svc", "nu_svr")), line + "1: svm_type is \"nu_svr\" but c_svc was asked for");
  EXPECT_EQ(words(changed("svm_type c_svc", "svm_type")), line + "1: svm_type has 0 values instead of one");
  EXPECT_EQ(words(changed("kernel_type linear", "kernel_type")), line + "2: kernel_type has 0 values instead of one");
  EXPECT_EQ(words(changed("linear", "round")), line + "2: \"round\" is no kernel_type");
  EXPECT_EQ(words(changed("nr_class 2", "nr_class 1")), line + "3: \"1\" is no integer from 2 to 2147483647");
  EXPECT_EQ(words(changed("nr_class 2", "nr_class")), line + "3: nr_class has 0 values instead of one");
  EXPECT_EQ(words(changed("nr_class 2", "nr_class 3")), line + "8: rho has 1 values but 3 classes need 3");
  EXPECT_EQ(words(changed("0.25", "wide")), line + "5: \"wide\" is no finite number");
  EXPECT_EQ(words(changed("0.25", "nan")), line + "5: \"nan\" is no finite number");
  EXPECT_EQ(words(changed("5 -3", "5")), line + "8: label has 1 values but 2 classes need 2");
  EXPECT_EQ(words(changed("5 -3", "5 5")), line + "8: label has the same class twice");
  EXPECT_EQ(words(changed("nr_sv 1 1", "nr_sv 1 2")), line + "8: nr_sv sums to 3 but total_sv = 2");
  EXPECT_EQ(words(changed("nr_sv 1 1", "probA 1\nnr_sv 1 1")), line + "9: probB has 0 values but 2 classes need 1");
  EXPECT_EQ(words(changed("rho 0.25\n", "")), line + "7: SV comes without rho before it");
  EXPECT_EQ(words(changed("linear", "rbf")), line + "8: SV comes without gamma before it");
  EXPECT_EQ(words(changed("linear", "rbf\ngamma 0")), line + "3: gamma = 0 but it must be above 0");
  EXPECT_EQ(words(changed("rho", "nr_class 2\nrho")), line + "5: \"nr_class\" comes twice");
  EXPECT_EQ(words(changed("rho", "size 2\nrho")), line + "5: \"size\" is no field of a libsvm model");
  EXPECT_EQ(words(changed("2 1:1", "two 1:1")), line + "9: \"two\" is no finite number");
  EXPECT_EQ(words(changed("2 1:1", "2 1")), line + "9: \"1\" is no index:value");
  EXPECT_EQ(words(changed("2 1:1", "2 0:1")), line + "9: \"0\" is no integer from 1 to 2147483647");
  EXPECT_EQ(words(changed("2 1:1", "2 2:1 2:3")), line + "9: index 2 after 2 but indices ascend");
  EXPECT_EQ(words(kByHand, 2), line + "10: \"3\" is no integer from 1 to 2");
  EXPECT_EQ(words(changed("3:", "2147483647:")),
            line + "10: 2 support vectors of 2147483647 features are more than 1073741824 values");
  EXPECT_EQ(words(std::string(kByHand) + "1 2:3\n"), line + "11: one support vector more than total_sv = 2");
  EXPECT_EQ(words(changed("-1 3:-0.5 \n", "")), line + "9: the file ends after 1 of 2 support vectors");
  EXPECT_EQ(words("svm_type c_svc\n"), line + "1: the file ends before its SV");
  EXPECT_EQ(words(""), line + "0: the file ends before its SV");
  EXPECT_EQ(words(changed("linear", "precomputed")),
            line + "9: a support vector of a precomputed kernel is one 0:number");
  EXPECT_EQ(words(changed("linear", "precomputed").replace(std::string(kByHand).find("2 1:1") + 5, 5, "2 0:0")),
            line + "9: \"0\" is no number of a row, from 1 to 2147483647");
  EXPECT_EQ(refusal<ModelFormatError>([] {
              model_of<OneClassSVM<>>("svm_type one_class\nkernel_type linear\nnr_class 2\ntotal_sv 0\nrho 1\nSV\n");
            }),
            line + "6: no support vector tells how many features there are: give n_features");
  EXPECT_EQ(refusal<InvalidArgument>([] { model_of<SVC<>>(kByHand, 0); }),
            "SVC::load_libsvm: n_features = 0 but it must be an integer of at least 1");
  EXPECT_EQ(refusal<NotFitted>([] { text_of_model(SVR<>()); }), "SVR::save_libsvm: call fit first");
  EXPECT_NE(refusal<DataError>([] { SVC<>::load_libsvm("/nowhere/at.all"); }), "not refused");
}

TEST(SvmModelTextRefuses, every_damaged_byte_or_gives_a_machine) {
  const std::string text = kByHand;
  int refused = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char put : {'x', '9', ' ', '\n', '-', '\0'}) {
      std::string damaged = text;
      damaged[at] = put;
      try {
        const auto other = model_of<SVC<>>(damaged);
        if (other.n_features_in() >= 100) continue;
        EXPECT_EQ(other.predict(Matrix<float>(3, other.n_features_in())).size(), 3U);
      } catch (const ModelFormatError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 300);
}

}  // namespace
}  // namespace forja::testing

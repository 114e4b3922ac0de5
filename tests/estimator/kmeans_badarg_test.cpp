// What k-means refuses, in which words; and that a refusal changes nothing.

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "forja/kmeans.h"
#include "support/devices.h"
#include "support/kmeans_data.h"

namespace {

using forja::Device;
using forja::KMeans;
using forja::KMeansInit;
using forja::KMeansOptions;
using forja::Matrix;
using forja::MiniBatchKMeans;
using forja::MiniBatchKMeansOptions;

template <class Error, class Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const Error& refused) {
    return refused.what();
  }
  return "not refused";
}

template <class T>
class KMeansRefuses : public ::testing::Test {
 protected:
  std::string fit(const KMeansOptions& options, const Matrix<T>& x, const std::vector<T>& weight = {}) {
    return refusal<forja::InvalidArgument>([&] { KMeans<T>(options, device_).fit(x, weight); });
  }
  std::string fit(const MiniBatchKMeansOptions& options, const Matrix<T>& x, const std::vector<T>& weight = {}) {
    return refusal<forja::InvalidArgument>([&] { MiniBatchKMeans<T>(options, device_).fit(x, weight); });
  }

  const Matrix<T> five_ = forja::testing::blobs<T>(5, 2, 2, 5, 1);
  Device device_ = Device::cpu();
};
struct NameOfType {
  template <class T>
  static std::string GetName(int) {
    return sizeof(T) == 4 ? "float" : "double";
  }
};
using StorageTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(KMeansRefuses, StorageTypes, NameOfType);

/// Runs the body once per device, as device_.
#define ON_EVERY_DEVICE                                                        \
  for (const Device& device_under_test : forja::testing::devices_under_test()) \
    if (SCOPED_TRACE(device_under_test.name()); (this->device_ = device_under_test, true))

}  // namespace

#pragma once

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <type_traits>

namespace forja::testing {

/// The storage types that estimators are instantiated for, TYPED_TEST_SUITE's types, and their names in reports.
using StorageTypes = ::testing::Types<float, double>;
struct StorageName {
  template <class T>
  static std::string GetName(int) {
    return std::is_same_v<T, float> ? "float" : "double";
  }
};

/// Relative rounding that a sum of rounded T values may show, where centres are rounded to T once.
template <class T>
constexpr double kRounding = 8 * static_cast<double>(std::numeric_limits<T>::epsilon());

}  // namespace forja::testing

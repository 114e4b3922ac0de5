#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "forja/data.h"
#include "forja/matrix.h"
#include "support/data.h"

/// Irises by length and width of their petals.
namespace forja::testing {

template <class T>
struct Petals {
  Matrix<T> x;
  std::vector<std::int32_t> species;
};

template <class T>
Petals<T> petals() {
  const auto table = read_csv<T>(book_csv("iris"), {.target = "target", .columns = {"petal_length", "petal_width"}});
  return {table.x, table.labels()};
}

/// Every third petal.
template <class T>
Petals<T> some_petals() {
  const Petals<T> all = petals<T>();
  Petals<T> some{Matrix<T>(50, 2), {}};
  for (std::int64_t i = 0; i < 50; ++i) {
    std::copy_n(all.x.row(3 * i).data(), 2, some.x.row(i).data());
    some.species.push_back(all.species[static_cast<std::size_t>(3 * i)]);
  }
  return some;
}

}  // namespace forja::testing

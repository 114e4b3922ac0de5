#pragma once

#include <string>

#include "forja/data.h"
#include "support/data.h"

namespace forja::testing {

/// tests/data/<name>.csv with the column "y" as the target.
template <class T>
Table<T> book_table(const std::string& name) {
  return read_csv<T>(book_csv(name), {.target = "y"});
}

}  // namespace forja::testing

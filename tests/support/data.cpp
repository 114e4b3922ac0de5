#include "support/data.h"

#include <cstdlib>

namespace forja::testing {

std::optional<std::filesystem::path> data_dir() {
  const char* folder = std::getenv("FORJA_DATA_DIR");
  if (folder == nullptr || *folder == '\0') return std::nullopt;
  return std::filesystem::path(folder);
}

std::filesystem::path book_csv(const std::string& name) {
  return std::filesystem::path(FORJA_TEST_DATA) / (name + ".csv");
}

}  // namespace forja::testing

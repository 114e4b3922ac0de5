#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace forja::testing {

/// The folder of real data sets that FORJA_DATA_DIR names; tests that need it skip, visibly, where it is unset.
std::optional<std::filesystem::path> data_dir();

/// tests/data/<name>.csv: the book's data, which is part of the source tree.
std::filesystem::path book_csv(const std::string& name);

}  // namespace forja::testing

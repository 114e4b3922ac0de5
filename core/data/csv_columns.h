#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "forja/data.h"

namespace forja::core {

/// What becomes of a column of the file.
struct CsvUse {
  enum class Kind { skipped, feature, target };
  Kind kind = Kind::skipped;
  std::int64_t place = 0;  ///< of a feature: its column in x
};

/// Throws InvalidArgument for an option out of range.
void check_csv_options(const CsvOptions& options);

/// The use of each of the file's columns. Throws InvalidArgument for a column that is not there, that two columns'
/// name may mean, or that is asked for twice.
std::vector<CsvUse> choose_columns(const std::string& file, const std::vector<std::string>& names,
                                   const CsvOptions& options);

}  // namespace forja::core

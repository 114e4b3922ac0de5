#include "data/csv_columns.h"

#include <fmt/format.h>

#include <algorithm>

#include "forja/error.h"

namespace forja::core {
namespace {

std::string in_words(const ColumnRef& column) {
  if (const auto* name = std::get_if<std::string>(&column)) return fmt::format("\"{}\"", *name);
  return fmt::format("{}", std::get<std::int64_t>(column));
}

/// "longitude, latitude, ...", of some length at most.
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kLongest = 300;
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ", ";
    if (text.size() + name.size() > kLongest) return text + "...";
    text += name;
  }
  return text;
}

std::size_t find(const std::string& file, const std::vector<std::string>& names, const ColumnRef& column) {
  if (const auto* place = std::get_if<std::int64_t>(&column)) {
    const std::int64_t from_front = *place < 0 ? *place + std::ssize(names) : *place;
    if (from_front < 0 || from_front >= std::ssize(names)) {
      throw InvalidArgument(fmt::format("read_csv: {} has no column {}; it has {}", file, *place, names.size()));
    }
    return static_cast<std::size_t>(from_front);
  }
  const auto& name = std::get<std::string>(column);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw InvalidArgument(fmt::format("read_csv: {} has no column \"{}\"; it has {}", file, name, listed(names)));
  }
  const auto again = std::find(found + 1, names.end(), name);
  if (again != names.end()) {
    throw InvalidArgument(fmt::format("read_csv: columns {} and {} of {} are both named \"{}\"", found - names.begin(),
                                      again - names.begin(), file, name));
  }
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace

void check_csv_options(const CsvOptions& options) {
  if (options.separator == '"' || options.separator == '\n' || options.separator == '\r') {
    throw InvalidArgument("read_csv: separator is a quote or a line end but it must be another byte");
  }
  constexpr std::int64_t kMostCategories = std::int64_t{1} << 24;
  if (options.max_categories < 1 || options.max_categories > kMostCategories) {
    throw InvalidArgument(fmt::format("read_csv: max_categories = {} but it must be an integer from 1 to {}",
                                      options.max_categories, kMostCategories));
  }
  if (options.max_unpacked_bytes < 1) {
    throw InvalidArgument(fmt::format("read_csv: max_unpacked_bytes = {} but it must be an integer of at least 1",
                                      options.max_unpacked_bytes));
  }
}

std::vector<CsvUse> choose_columns(const std::string& file, const std::vector<std::string>& names,
                                   const CsvOptions& options) {
  std::vector<CsvUse> uses(names.size());
  const auto take = [&](const ColumnRef& column, CsvUse use) {
    CsvUse& taken = uses[find(file, names, column)];
    if (taken.kind != CsvUse::Kind::skipped) {
      throw InvalidArgument(fmt::format("read_csv: column {} of {} is asked for twice", in_words(column), file));
    }
    taken = use;
  };
  if (options.target) take(*options.target, {CsvUse::Kind::target});
  std::int64_t width = 0;
  for (const ColumnRef& column : options.columns) take(column, {CsvUse::Kind::feature, width++});
  if (!options.columns.empty()) return uses;
  for (CsvUse& use : uses) {
    if (use.kind == CsvUse::Kind::skipped) use = {CsvUse::Kind::feature, width++};
  }
  return uses;
}

}  // namespace forja::core

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <numeric>

#include "data/categories.h"
#include "data/csv_columns.h"
#include "data/csv_scanner.h"
#include "data/file_reader.h"
#include "data/shown_text.h"
#include "data/text_number.h"
#include "forja/data.h"
#include "forja/error.h"

namespace forja {
namespace {

/// Which fields mean "no value".
class Blanks {
 public:
  explicit Blanks(const std::vector<std::string>& texts) : texts_(texts) {
    for (const std::string& text : texts) {
      if (!text.empty()) begins_[static_cast<unsigned char>(text[0])] = true;
    }
  }
  bool contain(std::string_view field) const {
    if (field.empty()) return true;
    return begins_[static_cast<unsigned char>(field[0])] &&
           std::find(texts_.begin(), texts_.end(), field) != texts_.end();
  }

 private:
  const std::vector<std::string>& texts_;
  std::array<bool, 256> begins_{};
};

/// One column of the file while it is read.
struct Column {
  core::CsvUse use;
  bool has_numbers = false;
  std::int64_t numbers_before = 0;               ///< rows at the front that were read as numbers before a text came
  std::unique_ptr<core::Categories> categories;  ///< of a column of text
};

template <class T>
class CsvReader {
 public:
  CsvReader(const std::filesystem::path& path, const CsvOptions& options)
      : options_(options), blanks_(options.na_values), file_(path), text_(file_.rest(options.max_unpacked_bytes)) {}

  Table<T> read() {
    read_names();
    core::CsvScanner scanner = first_row();
    reserve();
    while (scanner.start_row()) read_row(scanner);
    read_early_texts();
    sort_categories();
    table_.x = Matrix<T>(rows_, width_, std::move(x_));
    return std::move(table_);
  }

 private:
  void read_names();
  core::CsvScanner first_row() const;
  void reserve();
  void read_row(core::CsvScanner& scanner);
  void read_field(const core::CsvScanner& scanner, Column& column);
  void read_text(const core::CsvScanner& scanner, Column& column, std::int64_t row);
  void read_early_texts();
  void sort_categories();

  T& cell(const Column& column, std::int64_t row) {
    if (column.use.kind == core::CsvUse::Kind::target) return table_.target[static_cast<std::size_t>(row)];
    return x_[static_cast<std::size_t>(row * width_ + column.use.place)];
  }

  const CsvOptions& options_;
  const Blanks blanks_;
  core::FileReader file_;
  const std::string text_;
  std::vector<std::string> names_;  ///< of all columns in the file
  std::vector<Column> columns_;     ///< likewise
  std::int64_t width_ = 0;          ///< columns of x
  std::int64_t rows_ = 0;
  std::vector<T> x_;
  Table<T> table_;
};

template <class T>
void CsvReader<T>::read_names() {
  core::CsvScanner scanner(file_, text_, options_.separator);
  if (!scanner.start_row()) file_.refuse("is empty");
  for (bool more = true; more;) {
    more = scanner.next_field();
    names_.push_back(options_.header ? std::string(scanner.field()) : std::to_string(names_.size()));
  }
  for (const core::CsvUse& use : core::choose_columns(file_.name(), names_, options_)) {
    columns_.emplace_back().use = use;
    if (use.kind == core::CsvUse::Kind::feature) ++width_;
    if (use.kind == core::CsvUse::Kind::target) table_.target_name = names_[columns_.size() - 1];
  }
  table_.column_names.resize(static_cast<std::size_t>(width_));
  table_.categories.resize(static_cast<std::size_t>(width_));
  for (std::size_t j = 0; j < names_.size(); ++j) {
    const core::CsvUse& use = columns_[j].use;
    if (use.kind == core::CsvUse::Kind::feature) table_.column_names[static_cast<std::size_t>(use.place)] = names_[j];
  }
}

/// A scanner that stands before the first row of values.
template <class T>
core::CsvScanner CsvReader<T>::first_row() const {
  core::CsvScanner scanner(file_, text_, options_.separator);
  scanner.name_columns(names_);
  if (!options_.header) return scanner;
  scanner.start_row();
  while (scanner.next_field()) {
  }
  return scanner;
}

/// Every value takes a byte or more, so no file makes this more than sizeof(T) times its text.
template <class T>
void CsvReader<T>::reserve() {
  const std::size_t lines = static_cast<std::size_t>(std::count(text_.begin(), text_.end(), '\n')) + 1;
  const auto width = static_cast<std::size_t>(width_);
  x_.reserve(lines > text_.size() / std::max<std::size_t>(width, 1) ? text_.size() : lines * width);
}

template <class T>
void CsvReader<T>::read_row(core::CsvScanner& scanner) {
  const std::size_t begin = x_.size();
  x_.resize(begin + static_cast<std::size_t>(width_));
  if (options_.target) table_.target.emplace_back();
  std::size_t fields = 0;
  std::int64_t line = 0;
  for (bool more = true; more; ++fields) {
    more = scanner.next_field();
    if (fields == 0) line = scanner.line();
    if (fields >= columns_.size()) continue;
    Column& column = columns_[fields];
    if (column.use.kind != core::CsvUse::Kind::skipped) read_field(scanner, column);
  }
  if (fields != columns_.size()) {
    file_.refuse(fmt::format("line {} has {} fields but there are {} columns", line, fields, columns_.size()));
  }
  ++rows_;
}

template <class T>
void CsvReader<T>::read_field(const core::CsvScanner& scanner, Column& column) {
  const std::string_view field = scanner.field();
  T& value = cell(column, rows_);
  if (blanks_.contain(field)) {
    value = std::numeric_limits<T>::quiet_NaN();
    return;
  }
  if (!column.categories) {
    const core::NumberText kind = core::parse_number(field, value);
    if (kind == core::NumberText::number) {
      column.has_numbers = true;
      return;
    }
    const std::string shown = core::shown_text(field);
    if (kind == core::NumberText::out_of_range) {
      scanner.refuse(fmt::format("{} is beyond {}", shown, sizeof(T) == 4 ? "float" : "double"));
    }
    if (!options_.categories) scanner.refuse(shown + " is no number");
    column.numbers_before = column.has_numbers ? rows_ : 0;
    column.categories = std::make_unique<core::Categories>();
  }
  read_text(scanner, column, rows_);
}

template <class T>
void CsvReader<T>::read_text(const core::CsvScanner& scanner, Column& column, std::int64_t row) {
  cell(column, row) = static_cast<T>(column.categories->code(scanner.field()));
  if (column.categories->size() > options_.max_categories) {
    scanner.refuse(fmt::format("the column has more than {} different texts", options_.max_categories));
  }
}

/// Reads again the rows whose numbers turned out to stand in a column of text.
template <class T>
void CsvReader<T>::read_early_texts() {
  std::int64_t rows = 0;
  for (const Column& column : columns_) rows = std::max(rows, column.numbers_before);
  core::CsvScanner scanner = first_row();
  for (std::int64_t row = 0; row < rows; ++row) {
    scanner.start_row();
    for (Column& column : columns_) {
      scanner.next_field();
      if (row < column.numbers_before && !blanks_.contain(scanner.field())) read_text(scanner, column, row);
    }
  }
}

template <class T>
void CsvReader<T>::sort_categories() {
  for (const Column& column : columns_) {
    if (!column.categories) continue;
    core::Categories::Sorted sorted = column.categories->sorted();
    for (std::int64_t row = 0; row < rows_; ++row) {
      T& value = cell(column, row);
      if (value == value) value = static_cast<T>(sorted.place[static_cast<std::size_t>(value)]);
    }
    const bool is_target = column.use.kind == core::CsvUse::Kind::target;
    auto& texts = is_target ? table_.target_categories : table_.categories[static_cast<std::size_t>(column.use.place)];
    texts = std::move(sorted.texts);
  }
}

}  // namespace

template <class T>
Table<T> read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  core::check_csv_options(options);
  return CsvReader<T>(path, options).read();
}

template FORJA_API Table<float> read_csv(const std::filesystem::path&, const CsvOptions&);
template FORJA_API Table<double> read_csv(const std::filesystem::path&, const CsvOptions&);

}  // namespace forja

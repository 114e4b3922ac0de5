#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/file_reader.h"

namespace forja::core {

/// Cuts the text of a CSV file (RFC 4180) into rows and fields, from front to back. The text and the file outlive it.
class CsvScanner {
 public:
  CsvScanner(const FileReader& file, std::string_view text, char separator);

  /// Goes to the next row that is not an empty line; false at the end of the text.
  bool start_row();
  /// Reads a field of the row; whether the row goes on after it.
  bool next_field();

  /// The field without its quotes and the space around it; stands until the next one.
  std::string_view field() const { return field_; }
  std::int64_t line() const { return line_; }

  /// What refusals call the columns.
  void name_columns(const std::vector<std::string>& names) { names_ = &names; }
  /// Throws DataError with the file, the line and the column of the field.
  [[noreturn]] void refuse(std::string_view words) const;

 private:
  bool is_space(char c) const { return (c == ' ' || c == '\t') && c != separator_; }
  void read_quoted();
  std::string_view unescaped(const char* begin, const char* end);
  void count_lines(const char* begin, const char* end);
  void skip_line_end();
  bool end_field();

  const FileReader& file_;
  const char separator_;
  const char* at_;
  const char* end_;
  std::array<bool, 256> ends_field_{};
  std::string_view field_;
  std::string unescaped_;
  std::int64_t line_ = 1;       ///< of the field, counted from 1
  std::int64_t next_line_ = 1;  ///< of what comes after it
  std::int64_t column_ = 0;     ///< of the field, counted from 1
  const std::vector<std::string>* names_ = nullptr;
};

}  // namespace forja::core

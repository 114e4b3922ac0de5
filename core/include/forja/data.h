#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "forja/export.h"
#include "forja/matrix.h"

/// Readers and writers of data files; all of them read gzip too. T is float or double. They throw DataError with the
/// file's name, the place and what is wrong. Memory follows what a file holds, not what its header promises.
namespace forja {

/// A column of a table: its name, or its place: 0 is the first, -1 the last.
using ColumnRef = std::variant<std::string, std::int64_t>;

/// How read_csv reads.
struct CsvOptions {
  /// Whether the first row names the columns. Without one they are named "0", "1", ...
  bool header = true;
  /// What stands between two fields. Any byte but a quote or a line end.
  char separator = ',';
  /// The column to learn; it is kept out of x. Empty: none.
  std::optional<ColumnRef> target = {};
  /// The columns of x, in this order. Empty: all but the target.
  std::vector<ColumnRef> columns = {};
  /// Fields that mean "no value", beside the empty one and "nan" in any case.
  std::vector<std::string> na_values = {"NA", "N/A", "#N/A", "<NA>", "NULL", "null"};
  /// Whether columns of text become category codes; where not, text is refused with its line and column.
  bool categories = true;
  /// Different texts of a column; more are refused. From 1 to 2^24, up to which float tells every code from the others.
  std::int64_t max_categories = std::int64_t{1} << 24;
  /// A gzip file that unpacks to more is refused: it may hold 1032 times its size. In bytes.
  std::int64_t max_unpacked_bytes = std::int64_t{1} << 32;
};

/// What read_csv gives.
template <class T = float>
struct FORJA_API Table {
  Matrix<T> x;                            ///< n x d; a blank is NaN, a text its category's code
  std::vector<std::string> column_names;  ///< d
  /// d lists: of a text column the different texts, sorted by their bytes; x holds places in it. Of numbers: empty.
  std::vector<std::vector<std::string>> categories;
  std::vector<T> target;                       ///< n numbers or codes as in x; empty without a target
  std::string target_name;                     ///< the target column's name
  std::vector<std::string> target_categories;  ///< as in categories, of the target

  /// The place in x of the column of this name. Throws InvalidArgument when there is none or more than one.
  std::int64_t column(std::string_view name) const;
  /// The target as class labels. Throws InvalidArgument without a target, or where one is no whole number of 32 bits.
  std::vector<std::int32_t> labels() const;
};

/// A table of comma-separated values (RFC 4180) in UTF-8, plain or gzip. A column whose fields are all numbers or
/// blanks is numbers; any other is text, each different text a category. Fields in quotes may hold separators, line
/// ends and doubled quotes; spaces and tabs around a field do not belong to it; lines end in LF, CR LF or CR; empty
/// lines are skipped. Throws DataError for a row with more or fewer fields than the first, an open quote, or a number
/// that T cannot hold; InvalidArgument for an option out of range or a column that is not there.
template <class T = float>
FORJA_API Table<T> read_csv(const std::filesystem::path& path, const CsvOptions& options = {});

/// How read_libsvm reads.
struct LibsvmOptions {
  /// Columns of x; a greater index is refused. At least 1. Empty: as many as the greatest index in the file asks for.
  std::optional<std::int64_t> n_features = {};
  /// Whether the first column has the index 0 rather than 1.
  bool zero_based = false;
  /// The most values that x may have, rows x columns. One line may name any index, so that a small file can ask for
  /// any memory; beyond this it is refused before memory is taken. At least 1; the default is 4 GiB of float.
  std::int64_t max_values = std::int64_t{1} << 30;
  /// As in CsvOptions.
  std::int64_t max_unpacked_bytes = std::int64_t{1} << 32;
};

/// Rows and what is to be learned of each.
template <class T = float>
struct FORJA_API LabelledData {
  Matrix<T> x;            ///< n x d
  std::vector<T> target;  ///< n

  /// The target as class labels. Throws InvalidArgument where one is no whole number of 32 bits.
  std::vector<std::int32_t> labels() const;
};

/// A file of sparse rows in LIBSVM's text format (svmlight's), plain or gzip, as a dense matrix: on each line a target
/// and pairs "index:value" with ascending indices; what is not named is zero. A comment begins with #; "qid:" is read
/// over. Throws DataError with the line and its byte for what is none of this, and where x would have more than
/// max_values values; InvalidArgument for an option out of range.
template <class T = float>
FORJA_API LabelledData<T> read_libsvm(const std::filesystem::path& path, const LibsvmOptions& options = {});

/// An IDX file (MNIST's format) of any of its types: one row per item, all further dimensions flattened into columns.
template <class T = float>
FORJA_API Matrix<T> read_idx_images(const std::filesystem::path& path);

/// A one-dimensional IDX file of whole numbers: one label per item.
FORJA_API std::vector<std::int32_t> read_idx_labels(const std::filesystem::path& path);

/// A NumPy array of one (a single column) or two dimensions: bool, integers of 8 to 64 bits, float32 or float64, of
/// either byte order, in C or Fortran order. Converted to T: integers beyond 2^24 (float) or 2^53 (double) are rounded.
template <class T = float>
FORJA_API Matrix<T> read_npy(const std::filesystem::path& path);

/// A one-dimensional NumPy array of bool or integers: one label per item.
FORJA_API std::vector<std::int32_t> read_npy_labels(const std::filesystem::path& path);

/// Writes a NumPy array of two dimensions, or of one: little-endian, in C order.
FORJA_API void write_npy(const std::filesystem::path& path, MatrixView<const float> x);
FORJA_API void write_npy(const std::filesystem::path& path, MatrixView<const double> x);
FORJA_API void write_npy(const std::filesystem::path& path, std::span<const float> values);
FORJA_API void write_npy(const std::filesystem::path& path, std::span<const double> values);
FORJA_API void write_npy(const std::filesystem::path& path, std::span<const std::int32_t> values);

}  // namespace forja

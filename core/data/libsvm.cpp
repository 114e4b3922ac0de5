#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <string_view>

#include "data/class_labels.h"
#include "data/file_reader.h"
#include "data/shown_text.h"
#include "data/text_number.h"
#include "forja/data.h"
#include "forja/error.h"

namespace forja {
namespace {

template <class T>
class LibsvmReader {
 public:
  LibsvmReader(const std::filesystem::path& path, const LibsvmOptions& options)
      : options_(options), file_(path), text_(file_.rest(options.max_unpacked_bytes)) {}

  LabelledData<T> read() {
    std::string_view left = text_;
    while (!left.empty()) {
      const std::size_t end = std::min(left.find('\n'), left.size());
      ++line_;
      read_line(left.substr(0, std::min(end, left.substr(0, end).find('#'))));
      left.remove_prefix(std::min(end + 1, left.size()));
    }
    if (target_.empty()) file_.refuse("holds no row");
    return dense();
  }

 private:
  struct Entry {
    std::int64_t column;
    T value;
  };

  void read_line(std::string_view line);
  Entry read_pair(std::string_view line, std::string_view pair) const;
  T read_number(std::string_view line, std::string_view text) const;
  LabelledData<T> dense();

  /// `part` is where in the line the fault lies.
  [[noreturn]] void refuse(std::string_view line, std::string_view part, const std::string& words) const {
    file_.refuse(fmt::format("line {}, column {}: {}", line_, part.data() - line.data() + 1, words));
  }
  std::int64_t first_index() const { return options_.zero_based ? 0 : 1; }

  const LibsvmOptions& options_;
  core::FileReader file_;
  const std::string text_;
  std::int64_t line_ = 0;
  std::vector<T> target_;
  std::vector<Entry> entries_;
  std::vector<std::size_t> row_ends_;  ///< in entries_
  std::int64_t columns_ = 0;           ///< that the indices so far need
  std::int64_t widest_line_ = 0;       ///< the line that needs them
};

template <class T>
void LibsvmReader<T>::read_line(std::string_view line) {
  constexpr std::string_view kSpace = " \t\r";
  std::size_t at = line.find_first_not_of(kSpace);
  if (at == std::string_view::npos) return;
  for (bool first = true; at != std::string_view::npos; first = false) {
    const std::size_t end = std::min(line.find_first_of(kSpace, at), line.size());
    const std::string_view part = line.substr(at, end - at);
    if (first) {
      target_.push_back(read_number(line, part));
    } else if (!part.starts_with("qid:")) {
      const Entry entry = read_pair(line, part);
      const bool follows = entries_.size() > (row_ends_.empty() ? 0 : row_ends_.back());
      if (follows && entry.column <= entries_.back().column) {
        refuse(line, part,
               fmt::format("index {} after {} but indices ascend", entry.column + first_index(),
                           entries_.back().column + first_index()));
      }
      entries_.push_back(entry);
    }
    at = line.find_first_not_of(kSpace, end);
  }
  row_ends_.push_back(entries_.size());
  if (entries_.empty() || entries_.back().column < columns_) return;
  columns_ = entries_.back().column + 1;
  widest_line_ = line_;
}

template <class T>
typename LibsvmReader<T>::Entry LibsvmReader<T>::read_pair(std::string_view line, std::string_view pair) const {
  const std::size_t colon = pair.find(':');
  if (colon == std::string_view::npos) refuse(line, pair, core::shown_text(pair) + " is no index:value");
  std::int64_t index = 0;
  const auto [end, error] = std::from_chars(pair.data(), pair.data() + colon, index);
  if (error != std::errc() || end != pair.data() + colon || index == std::numeric_limits<std::int64_t>::max()) {
    refuse(line, pair, core::shown_text(pair.substr(0, colon)) + " is no index");
  }
  if (index < first_index()) {
    refuse(line, pair, fmt::format("index {} but the first column's is {}", index, first_index()));
  }
  const std::int64_t column = index - first_index();
  if (options_.n_features && column >= *options_.n_features) {
    refuse(line, pair, fmt::format("index {} but n_features = {}", index, *options_.n_features));
  }
  return {column, read_number(line, pair.substr(colon + 1))};
}

template <class T>
T LibsvmReader<T>::read_number(std::string_view line, std::string_view text) const {
  T number{};
  const core::NumberText kind = core::parse_number(text, number);
  if (kind == core::NumberText::text) refuse(line, text, core::shown_text(text) + " is no number");
  if (kind == core::NumberText::out_of_range) {
    refuse(line, text, fmt::format("{} is beyond {}", core::shown_text(text), sizeof(T) == 4 ? "float" : "double"));
  }
  return number;
}

template <class T>
LabelledData<T> LibsvmReader<T>::dense() {
  const std::int64_t rows = std::ssize(target_);
  const std::int64_t columns = options_.n_features.value_or(columns_);
  if (columns > options_.max_values / rows) {
    const std::string cause = options_.n_features
                                  ? fmt::format("n_features = {}", columns)
                                  : fmt::format("line {}: index {}", widest_line_, columns - 1 + first_index());
    file_.refuse(
        fmt::format("{} makes x {} x {} values but max_values = {}", cause, rows, columns, options_.max_values));
  }
  LabelledData<T> data{Matrix<T>(rows, columns), std::move(target_)};
  std::size_t entry = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (; entry < row_ends_[static_cast<std::size_t>(row)]; ++entry) {
      data.x(row, entries_[entry].column) = entries_[entry].value;
    }
  }
  return data;
}

void check_options(const LibsvmOptions& options) {
  const auto check = [](const char* name, std::int64_t value) {
    if (value < 1) {
      throw InvalidArgument(fmt::format("read_libsvm: {} = {} but it must be an integer of at least 1", name, value));
    }
  };
  check("n_features", options.n_features.value_or(1));
  check("max_values", options.max_values);
  check("max_unpacked_bytes", options.max_unpacked_bytes);
}

}  // namespace

template <class T>
LabelledData<T> read_libsvm(const std::filesystem::path& path, const LibsvmOptions& options) {
  check_options(options);
  return LibsvmReader<T>(path, options).read();
}

template <class T>
std::vector<std::int32_t> LabelledData<T>::labels() const {
  return core::class_labels<T>("LabelledData::labels", target);
}

template struct FORJA_API LabelledData<float>;
template struct FORJA_API LabelledData<double>;
template FORJA_API LabelledData<float> read_libsvm(const std::filesystem::path&, const LibsvmOptions&);
template FORJA_API LabelledData<double> read_libsvm(const std::filesystem::path&, const LibsvmOptions&);

}  // namespace forja

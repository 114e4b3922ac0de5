#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "data/random_order.h"
#include "estimator/dense_labels.h"
#include "estimator/parameter_table.h"
#include "forja/error.h"
#include "forja/model_selection.h"
#include "formulas/counter_random.h"

namespace forja {
namespace {

enum SplitStream : std::uint64_t { kSplitOrder = 1, kSplitTies = 2 };
constexpr std::string_view kSplit = "train_test_split";

core::ParameterTable<SplitOptions>::Parameter part_size(std::string name,
                                                        std::optional<PartSize> SplitOptions::*member) {
  return {std::move(name), "a share between 0 and 1 or a number of rows of at least 1",
          [member](const SplitOptions& options) {
            if (!(options.*member)) return ParamValue(std::string("auto"));
            return std::visit([](auto size) { return ParamValue(size); }, *(options.*member));
          },
          [member](SplitOptions& options, const ParamValue& value) {
            if (const auto* rows = std::get_if<std::int64_t>(&value)) {
              options.*member = *rows;
            } else if (const auto* share = std::get_if<double>(&value)) {
              options.*member = *share;
            } else if (value == ParamValue(std::string("auto"))) {
              (options.*member).reset();
            } else {
              return false;
            }
            return true;
          },
          [member](const SplitOptions& options) {
            if (!(options.*member)) return true;
            if (const auto* share = std::get_if<double>(&*(options.*member))) return *share > 0 && *share < 1;
            return std::get<std::int64_t>(*(options.*member)) >= 1;
          }};
}

const core::ParameterTable<SplitOptions>& split_params() {
  using Options = SplitOptions;
  static const core::ParameterTable<Options> table = core::ParameterTable<Options>()
                                                         .add(part_size("test_size", &Options::test_size))
                                                         .add(part_size("train_size", &Options::train_size))
                                                         .boolean("shuffle", &Options::shuffle)
                                                         .seed("seed", &Options::seed);
  return table;
}

/// The rows of both parts.
struct Sizes {
  std::int64_t train;
  std::int64_t test;
};

std::string in_words(const PartSize& size) {
  return std::visit([](auto value) { return core::to_text(ParamValue(value)); }, size);
}

Sizes sizes_of(std::int64_t n_rows, const SplitOptions& options) {
  const auto rows_of = [&](const PartSize& size, double (*rounded)(double)) {
    const auto* share = std::get_if<double>(&size);
    return share != nullptr ? static_cast<std::int64_t>(rounded(*share * static_cast<double>(n_rows)))
                            : std::get<std::int64_t>(size);
  };
  const auto floor = [](double value) { return std::floor(value); };
  const auto ceil = [](double value) { return std::ceil(value); };
  const PartSize quarter = 0.25;
  if (!options.train_size) {
    const PartSize size = options.test_size.value_or(quarter);
    const std::int64_t test = rows_of(size, ceil);
    if (test < n_rows) return {n_rows - test, test};
    throw InvalidArgument(
        fmt::format("{}: test_size = {} of {} rows leaves none to train on", kSplit, in_words(size), n_rows));
  }
  const std::int64_t train = rows_of(*options.train_size, floor);
  const std::string words = fmt::format("train_size = {}", in_words(*options.train_size));
  if (train < 1) throw InvalidArgument(fmt::format("{}: {} of {} rows is none", kSplit, words, n_rows));
  if (train >= n_rows)
    throw InvalidArgument(fmt::format("{}: {} of {} rows leaves none to test", kSplit, words, n_rows));
  if (!options.test_size) return {train, n_rows - train};
  const std::int64_t test = rows_of(*options.test_size, ceil);
  if (test > n_rows - train) {
    throw InvalidArgument(fmt::format("{}: {} and test_size = {} make {} and {} rows but there are {}", kSplit, words,
                                      in_words(*options.test_size), train, test, n_rows));
  }
  return {train, test};
}

void check_classes(const SplitOptions& options, const core::DenseLabels& labels, std::span<const std::int64_t> counts,
                   const Sizes& sizes) {
  if (!options.shuffle) throw InvalidArgument(fmt::format("{}: stratify needs shuffle = true", kSplit));
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] < 2) {
      throw InvalidArgument(
          fmt::format("{}: stratify has label {} in 1 row but each needs 2", kSplit, labels.classes[c]));
    }
  }
  const auto check_part = [&](const char* part, std::int64_t rows) {
    if (rows < std::ssize(counts)) {
      throw InvalidArgument(
          fmt::format("{}: the {} part has {} rows but stratify has {} labels", kSplit, part, rows, counts.size()));
    }
  };
  check_part("test", sizes.test);
  check_part("training", sizes.train);
}

/// Each class's rows in a part: its share, rounded down, and one more for the greatest remainders (Hare's method), as
/// far as the class has room. Equal remainders: chance.
std::vector<std::int64_t> part_by_class(std::span<const std::int64_t> counts, std::span<const std::int64_t> room,
                                        std::int64_t n_rows, std::int64_t n_part, std::uint64_t seed) {
  __extension__ using Wide = __int128;
  std::vector<std::int64_t> rows(counts.size());
  std::vector<std::int64_t> remainder(counts.size());
  std::int64_t left = n_part;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    const Wide product = Wide{counts[c]} * n_part;
    rows[c] = static_cast<std::int64_t>(product / n_rows);
    remainder[c] = static_cast<std::int64_t>(product % n_rows);
    left -= rows[c];
  }
  std::vector<std::size_t> by_remainder(counts.size());
  std::iota(by_remainder.begin(), by_remainder.end(), std::size_t{0});
  std::sort(by_remainder.begin(), by_remainder.end(), [&](std::size_t a, std::size_t b) {
    if (remainder[a] != remainder[b]) return remainder[a] > remainder[b];
    return formulas::random_bits(seed, kSplitTies, a) < formulas::random_bits(seed, kSplitTies, b);
  });
  while (left > 0) {
    for (const std::size_t c : by_remainder) {
      if (left == 0 || rows[c] == room[c]) continue;
      ++rows[c];
      --left;
    }
  }
  return rows;
}

SplitRows stratified(std::span<const std::int64_t> order, const Sizes& sizes, const SplitOptions& options) {
  const core::DenseLabels labels = core::dense_labels(options.stratify);
  const std::int64_t n_rows = std::ssize(order);
  std::vector<std::int64_t> counts(labels.classes.size());
  for (const std::int32_t place : labels.place) ++counts[static_cast<std::size_t>(place)];
  check_classes(options, labels, counts, sizes);
  std::vector<std::int64_t> test = part_by_class(counts, counts, n_rows, sizes.test, options.seed);
  std::vector<std::int64_t> room = counts;
  for (std::size_t c = 0; c < room.size(); ++c) room[c] -= test[c];
  std::vector<std::int64_t> train = part_by_class(counts, room, n_rows, sizes.train, options.seed);
  SplitRows split;
  for (const std::int64_t row : order) {
    const auto c = static_cast<std::size_t>(labels.place[static_cast<std::size_t>(row)]);
    if (test[c] > 0) {
      --test[c];
      split.test.push_back(row);
    } else if (train[c] > 0) {
      --train[c];
      split.train.push_back(row);
    }
  }
  return split;
}

template <class T, class Y>
TrainTestSplit<T, Y> split_data(MatrixView<const T> x, std::span<const Y> y, const SplitOptions& options) {
  if (std::ssize(y) != x.rows()) {
    throw InvalidArgument(fmt::format("{}: y has {} values but x has {} rows", kSplit, y.size(), x.rows()));
  }
  const SplitRows rows = train_test_split(x.rows(), options);
  return {take_rows(x, rows.train), take_rows(x, rows.test), take_rows(y, rows.train), take_rows(y, rows.test)};
}

}  // namespace

SplitRows train_test_split(std::int64_t n_rows, const SplitOptions& options) {
  split_params().check(kSplit, options);
  if (n_rows < 1) throw InvalidArgument(fmt::format("{}: {} rows but at least 2 are needed", kSplit, n_rows));
  if (!options.stratify.empty() && std::ssize(options.stratify) != n_rows) {
    throw InvalidArgument(
        fmt::format("{}: stratify has {} labels but there are {} rows", kSplit, options.stratify.size(), n_rows));
  }
  const Sizes sizes = sizes_of(n_rows, options);
  if (!options.shuffle && options.stratify.empty()) {
    SplitRows split{std::vector<std::int64_t>(static_cast<std::size_t>(sizes.train)),
                    std::vector<std::int64_t>(static_cast<std::size_t>(sizes.test))};
    std::iota(split.train.begin(), split.train.end(), std::int64_t{0});
    std::iota(split.test.begin(), split.test.end(), sizes.train);
    return split;
  }
  const std::vector<std::int64_t> order = core::random_order(n_rows, options.seed, kSplitOrder);
  if (!options.stratify.empty()) return stratified(order, sizes, options);
  const auto test_end = order.begin() + sizes.test;
  return {{test_end, test_end + sizes.train}, {order.begin(), test_end}};
}

TrainTestSplit<float, std::int32_t> train_test_split(MatrixView<const float> x, std::span<const std::int32_t> y,
                                                     const SplitOptions& options) {
  return split_data(x, y, options);
}
TrainTestSplit<double, std::int32_t> train_test_split(MatrixView<const double> x, std::span<const std::int32_t> y,
                                                      const SplitOptions& options) {
  return split_data(x, y, options);
}
TrainTestSplit<float, float> train_test_split(MatrixView<const float> x, std::span<const float> y,
                                              const SplitOptions& options) {
  return split_data(x, y, options);
}
TrainTestSplit<double, double> train_test_split(MatrixView<const double> x, std::span<const double> y,
                                                const SplitOptions& options) {
  return split_data(x, y, options);
}

}  // namespace forja

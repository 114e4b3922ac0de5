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

enum Stream : std::uint64_t { kOrder = 1, kTies = 2 };
constexpr std::string_view kCall = "train_test_split";

const core::ParameterTable<SplitOptions>& split_params() {
  using Options = SplitOptions;
  static const core::ParameterTable<Options> table =
      core::ParameterTable<Options>()
          .add({"test_size", "a share between 0 and 1 or a number of rows of at least 1",
                [](const Options& options) {
                  return std::visit([](auto size) { return ParamValue(size); }, options.test_size);
                },
                [](Options& options, const ParamValue& value) {
                  if (const auto* rows = std::get_if<std::int64_t>(&value)) options.test_size = *rows;
                  if (const auto* share = std::get_if<double>(&value)) options.test_size = *share;
                  return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<double>(value);
                },
                [](const Options& options) {
                  if (const auto* share = std::get_if<double>(&options.test_size)) return *share > 0 && *share < 1;
                  return std::get<std::int64_t>(options.test_size) >= 1;
                }})
          .boolean("shuffle", &Options::shuffle)
          .seed("seed", &Options::seed);
  return table;
}

std::int64_t test_rows(std::int64_t n_rows, const SplitOptions& options) {
  const auto* share = std::get_if<double>(&options.test_size);
  const std::int64_t rows = share != nullptr
                                ? static_cast<std::int64_t>(std::ceil(*share * static_cast<double>(n_rows)))
                                : std::get<std::int64_t>(options.test_size);
  if (rows >= n_rows) {
    throw InvalidArgument(fmt::format("{}: test_size = {} of {} rows leaves none to train on", kCall,
                                      core::to_text(split_params().parameters()[0].get(options)), n_rows));
  }
  return rows;
}

void check_classes(const SplitOptions& options, const core::DenseLabels& labels, std::span<const std::int64_t> counts,
                   std::int64_t n_rows, std::int64_t n_test) {
  if (!options.shuffle) throw InvalidArgument(fmt::format("{}: stratify needs shuffle = true", kCall));
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] < 2) {
      throw InvalidArgument(
          fmt::format("{}: stratify has label {} in 1 row but each needs 2", kCall, labels.classes[c]));
    }
  }
  const auto check_part = [&](const char* part, std::int64_t rows) {
    if (rows < std::ssize(counts)) {
      throw InvalidArgument(
          fmt::format("{}: the {} part has {} rows but stratify has {} labels", kCall, part, rows, counts.size()));
    }
  };
  check_part("test", n_test);
  check_part("training", n_rows - n_test);
}

/// Each class's rows in the test part: its share, rounded down, and one more for the greatest remainders (Hare's
/// method). Equal remainders: chance.
std::vector<std::int64_t> test_rows_by_class(std::span<const std::int64_t> counts, std::int64_t n_rows,
                                             std::int64_t n_test, std::uint64_t seed) {
  __extension__ using Wide = __int128;
  std::vector<std::int64_t> rows(counts.size());
  std::vector<std::int64_t> remainder(counts.size());
  std::int64_t left = n_test;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    const Wide product = Wide{counts[c]} * n_test;
    rows[c] = static_cast<std::int64_t>(product / n_rows);
    remainder[c] = static_cast<std::int64_t>(product % n_rows);
    left -= rows[c];
  }
  std::vector<std::size_t> by_remainder(counts.size());
  std::iota(by_remainder.begin(), by_remainder.end(), std::size_t{0});
  std::sort(by_remainder.begin(), by_remainder.end(), [&](std::size_t a, std::size_t b) {
    if (remainder[a] != remainder[b]) return remainder[a] > remainder[b];
    return formulas::random_bits(seed, kTies, a) < formulas::random_bits(seed, kTies, b);
  });
  for (std::int64_t i = 0; i < left; ++i) ++rows[by_remainder[static_cast<std::size_t>(i)]];
  return rows;
}

SplitRows stratified(std::span<const std::int64_t> order, std::int64_t n_test, const SplitOptions& options) {
  const core::DenseLabels labels = core::dense_labels(options.stratify);
  std::vector<std::int64_t> counts(labels.classes.size());
  for (const std::int32_t place : labels.place) ++counts[static_cast<std::size_t>(place)];
  check_classes(options, labels, counts, std::ssize(order), n_test);
  std::vector<std::int64_t> left = test_rows_by_class(counts, std::ssize(order), n_test, options.seed);
  SplitRows split;
  for (const std::int64_t row : order) {
    std::int64_t& wanted = left[static_cast<std::size_t>(labels.place[static_cast<std::size_t>(row)])];
    (wanted > 0 ? split.test : split.train).push_back(row);
    if (wanted > 0) --wanted;
  }
  return split;
}

template <class T, class Y>
TrainTestSplit<T, Y> split_data(MatrixView<const T> x, std::span<const Y> y, const SplitOptions& options) {
  if (std::ssize(y) != x.rows()) {
    throw InvalidArgument(fmt::format("{}: y has {} values but x has {} rows", kCall, y.size(), x.rows()));
  }
  const SplitRows rows = train_test_split(x.rows(), options);
  return {take_rows(x, rows.train), take_rows(x, rows.test), take_rows(y, rows.train), take_rows(y, rows.test)};
}

}  // namespace

SplitRows train_test_split(std::int64_t n_rows, const SplitOptions& options) {
  split_params().check(kCall, options);
  if (n_rows < 1) throw InvalidArgument(fmt::format("{}: {} rows but at least 2 are needed", kCall, n_rows));
  if (!options.stratify.empty() && std::ssize(options.stratify) != n_rows) {
    throw InvalidArgument(
        fmt::format("{}: stratify has {} labels but there are {} rows", kCall, options.stratify.size(), n_rows));
  }
  const std::int64_t n_test = test_rows(n_rows, options);
  if (!options.shuffle && options.stratify.empty()) {
    SplitRows split{std::vector<std::int64_t>(static_cast<std::size_t>(n_rows - n_test)),
                    std::vector<std::int64_t>(static_cast<std::size_t>(n_test))};
    std::iota(split.train.begin(), split.train.end(), std::int64_t{0});
    std::iota(split.test.begin(), split.test.end(), n_rows - n_test);
    return split;
  }
  const std::vector<std::int64_t> order = core::random_order(n_rows, options.seed, kOrder);
  if (!options.stratify.empty()) return stratified(order, n_test, options);
  return {{order.begin() + n_test, order.end()}, {order.begin(), order.begin() + n_test}};
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

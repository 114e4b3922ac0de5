#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "data/hypercube.h"
#include "data/random_normal.h"
#include "data/random_order.h"
#include "estimator/parameter_table.h"
#include "forja/error.h"
#include "forja/generators.h"
#include "formulas/counter_random.h"

namespace forja {
namespace {

enum ClassificationStream : std::uint64_t {
  kClassificationCorners = 1,
  kLengths,
  kStretch,
  kCombinations,
  kCopies,
  kRows,
  kFlips,
  kNewLabels,
  kShift,
  kScale,
  kRowOrder,
  kColumnOrder
};

/// A finite number, or none: then each column has a random one.
core::ParameterTable<ClassificationOptions>::Parameter random_or_finite(
    std::string name, std::optional<double> ClassificationOptions::*member) {
  return {std::move(name), "a finite number or \"random\"",
          [member](const ClassificationOptions& options) {
            return options.*member ? ParamValue(*(options.*member)) : ParamValue(std::string("random"));
          },
          [member](ClassificationOptions& options, const ParamValue& value) {
            const std::optional<double> number = core::as_real(value);
            if (!number && value != ParamValue(std::string("random"))) return false;
            options.*member = number;
            return true;
          },
          [member](const ClassificationOptions& options) {
            return !(options.*member) || std::isfinite(*(options.*member));
          }};
}

const core::ParameterTable<ClassificationOptions>& classification_params() {
  static const core::ParameterTable<ClassificationOptions> table =
      core::ParameterTable<ClassificationOptions>()
          .integer("n_samples", &ClassificationOptions::n_samples, 1)
          .integer("n_features", &ClassificationOptions::n_features, 1)
          .integer("n_informative", &ClassificationOptions::n_informative, 1)
          .integer("n_redundant", &ClassificationOptions::n_redundant, 0)
          .integer("n_repeated", &ClassificationOptions::n_repeated, 0)
          .integer("n_classes", &ClassificationOptions::n_classes, 1)
          .integer("n_clusters_per_class", &ClassificationOptions::n_clusters_per_class, 1)
          .real("flip_y", &ClassificationOptions::flip_y, 0, 1)
          .real("class_sep", &ClassificationOptions::class_sep, 0, std::numeric_limits<double>::max())
          .boolean("hypercube", &ClassificationOptions::hypercube)
          .add(random_or_finite("shift", &ClassificationOptions::shift))
          .add(random_or_finite("scale", &ClassificationOptions::scale))
          .boolean("shuffle", &ClassificationOptions::shuffle)
          .seed("seed", &ClassificationOptions::seed);
  return table;
}

[[noreturn]] void refuse(const std::string& words) { throw InvalidArgument("make_classification: " + words); }

/// Each class's share of the rows.
std::vector<double> class_shares(const ClassificationOptions& options) {
  const std::int64_t given = std::ssize(options.weights);
  if (given == 0) {
    return std::vector<double>(static_cast<std::size_t>(options.n_classes),
                               1.0 / static_cast<double>(options.n_classes));
  }
  if (given != options.n_classes && given != options.n_classes - 1) {
    refuse(fmt::format("weights has {} values but n_classes = {}", given, options.n_classes));
  }
  std::vector<double> shares = options.weights;
  for (std::size_t c = 0; c < shares.size(); ++c) {
    if (!(shares[c] >= 0 && shares[c] <= 1)) {
      refuse(fmt::format("weights[{}] = {} but it must be a number from 0 to 1", c, shares[c]));
    }
  }
  // What decimal fractions lose when they are summed.
  constexpr double kRounding = 1e-9;
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (sum > 1 + kRounding || (given == options.n_classes && sum < 1 - kRounding)) {
    refuse(fmt::format("weights sums to {} but shares sum to 1", sum));
  }
  if (given < options.n_classes) shares.push_back(std::max(0.0, 1 - sum));
  return shares;
}

void check_columns(const char* name, const std::vector<double>& values, std::int64_t n_features) {
  if (values.empty()) return;
  if (std::ssize(values) != n_features) {
    refuse(fmt::format("{} has {} values but n_features = {}", name, values.size(), n_features));
  }
  for (std::size_t j = 0; j < values.size(); ++j) {
    if (!std::isfinite(values[j])) {
      refuse(fmt::format("{}[{}] = {} but it must be a finite number", name, j, values[j]));
    }
  }
}

void check(const ClassificationOptions& options) {
  classification_params().check("make_classification", options);
  std::int64_t useful = 0;
  if (__builtin_add_overflow(options.n_informative, options.n_redundant, &useful) ||
      __builtin_add_overflow(useful, options.n_repeated, &useful) || useful > options.n_features) {
    refuse(fmt::format("n_informative + n_redundant + n_repeated = {} + {} + {} but n_features = {}",
                       options.n_informative, options.n_redundant, options.n_repeated, options.n_features));
  }
  check_columns("shift_per_column", options.shift_per_column, options.n_features);
  check_columns("scale_per_column", options.scale_per_column, options.n_features);
  constexpr std::int64_t kMostBits = 31;  // a label's
  const std::int64_t most = std::int64_t{1} << std::min(options.n_informative, kMostBits);
  std::int64_t clusters = 0;
  if (__builtin_mul_overflow(options.n_classes, options.n_clusters_per_class, &clusters) || clusters > most) {
    refuse(fmt::format("n_classes x n_clusters_per_class = {} x {} clusters but n_informative = {} allows {}",
                       options.n_classes, options.n_clusters_per_class, options.n_informative, most));
  }
}

/// What is drawn once for all rows: the clusters and how columns follow from each other.
class Design {
 public:
  explicit Design(const ClassificationOptions& options)
      : options_(options),
        informative_(options.n_informative),
        clusters_(options.n_classes * options.n_clusters_per_class),
        centers_(core::hypercube_corners(clusters_, informative_, options.seed, kClassificationCorners)),
        stretch_(clusters_ * informative_, informative_),
        combinations_(informative_, options.n_redundant) {
    std::uint64_t counter = 0;
    for (double& value : stretch_.values()) value = 2 * uniform(kStretch, counter++) - 1;
    counter = 0;
    for (double& value : combinations_.values()) value = 2 * uniform(kCombinations, counter++) - 1;
    place_centers();
    find_ends();
  }

  std::int64_t cluster_of(std::int64_t row) const {
    return std::upper_bound(ends_.begin(), ends_.end(), row) - ends_.begin();
  }
  /// The label of a row of this cluster; some are drawn anew.
  std::int32_t label_of(std::int64_t cluster, std::uint64_t row) const {
    const bool flipped = uniform(kFlips, row) < options_.flip_y;
    const std::int64_t anew = formulas::random_below(options_.seed, kNewLabels, row, options_.n_classes);
    return static_cast<std::int32_t>(flipped ? anew : cluster % options_.n_classes);
  }
  /// Fills a row, its columns in the order informative, redundant, repeated, noise.
  void fill(std::int64_t cluster, std::int64_t row, std::vector<double>& values) const;

 private:
  double uniform(ClassificationStream stream, std::uint64_t i) const {
    return formulas::random_uniform(options_.seed, stream, i);
  }

  /// From corners at 0 and 1 to -class_sep and class_sep; where there is no hypercube, at random lengths along each
  /// corner's direction and along each axis.
  void place_centers() {
    for (std::int64_t k = 0; k < clusters_; ++k) {
      for (std::int64_t j = 0; j < informative_; ++j) {
        const double length = options_.hypercube ? 1
                                                 : uniform(kLengths, static_cast<std::uint64_t>(k)) *
                                                       uniform(kLengths, static_cast<std::uint64_t>(clusters_ + j));
        centers_(k, j) = length * options_.class_sep * (2 * centers_(k, j) - 1);
      }
    }
  }

  /// Cluster k ends at its share of all rows so far, rounded: the last one at all of them.
  void find_ends() {
    const std::vector<double> shares = class_shares(options_);
    double share = 0;
    for (std::int64_t k = 0; k < clusters_; ++k) {
      share +=
          shares[static_cast<std::size_t>(k % options_.n_classes)] / static_cast<double>(options_.n_clusters_per_class);
      ends_.push_back(std::llround(share * static_cast<double>(options_.n_samples)));
    }
    // The shares' sum is 1 but for rounding.
    ends_.back() = options_.n_samples;
  }

  const ClassificationOptions& options_;
  std::int64_t informative_;
  std::int64_t clusters_;
  Matrix<double> centers_;       ///< clusters x informative
  Matrix<double> stretch_;       ///< a square matrix for each cluster
  Matrix<double> combinations_;  ///< informative x redundant
  std::vector<std::int64_t> ends_;
};

void Design::fill(std::int64_t cluster, std::int64_t row, std::vector<double>& values) const {
  const auto normal = [&](std::int64_t j) {
    return core::random_normal(options_.seed, kRows, static_cast<std::uint64_t>(row * options_.n_features + j));
  };
  const auto at = [&](std::int64_t j) -> double& { return values[static_cast<std::size_t>(j)]; };
  const std::int64_t redundant_end = informative_ + options_.n_redundant;
  const std::int64_t repeated_end = redundant_end + options_.n_repeated;
  std::fill_n(values.begin(), redundant_end, 0.0);
  for (std::int64_t i = 0; i < informative_; ++i) {
    const double z = normal(i);
    for (std::int64_t j = 0; j < informative_; ++j) at(j) += z * stretch_(cluster * informative_ + i, j);
  }
  for (std::int64_t i = 0; i < informative_; ++i) {
    at(i) += centers_(cluster, i);
    for (std::int64_t j = 0; j < options_.n_redundant; ++j) at(informative_ + j) += at(i) * combinations_(i, j);
  }
  for (std::int64_t j = redundant_end; j < repeated_end; ++j) {
    at(j) = at(formulas::random_below(options_.seed, kCopies, static_cast<std::uint64_t>(j), redundant_end));
  }
  for (std::int64_t j = repeated_end; j < options_.n_features; ++j) at(j) = normal(j);
}

FeatureKind kind_of(const ClassificationOptions& options, std::int64_t column) {
  if (column < options.n_informative) return FeatureKind::informative;
  if (column < options.n_informative + options.n_redundant) return FeatureKind::redundant;
  if (column < options.n_informative + options.n_redundant + options.n_repeated) return FeatureKind::repeated;
  return FeatureKind::noise;
}

std::vector<std::int64_t> order_of(std::int64_t n, const ClassificationOptions& options, ClassificationStream stream) {
  if (options.shuffle) return core::random_order(n, options.seed, stream);
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  return order;
}

}  // namespace

template <class T>
Classification<T> make_classification(const ClassificationOptions& options) {
  check(options);
  const std::int64_t d = options.n_features;
  Classification<T> made{Matrix<T>(options.n_samples, d), {}, {}};
  const Design design(options);
  const std::vector<std::int64_t> rows = order_of(options.n_samples, options, kRowOrder);
  const std::vector<std::int64_t> columns = order_of(d, options, kColumnOrder);
  std::vector<double> shift;
  std::vector<double> scale;
  for (const std::int64_t column : columns) {
    const auto j = static_cast<std::uint64_t>(column);
    const double drawn = formulas::random_uniform(options.seed, kShift, j);
    shift.push_back(!options.shift_per_column.empty() ? options.shift_per_column[j]
                                                      : options.shift.value_or(options.class_sep * (2 * drawn - 1)));
    scale.push_back(!options.scale_per_column.empty()
                        ? options.scale_per_column[j]
                        : options.scale.value_or(1 + 100 * formulas::random_uniform(options.seed, kScale, j)));
    made.feature_kinds.push_back(kind_of(options, column));
  }
  std::vector<double> values(static_cast<std::size_t>(d));
  for (std::int64_t i = 0; i < options.n_samples; ++i) {
    const std::int64_t row = rows[static_cast<std::size_t>(i)];
    const std::int64_t cluster = design.cluster_of(row);
    design.fill(cluster, row, values);
    made.labels.push_back(design.label_of(cluster, static_cast<std::uint64_t>(row)));
    for (std::size_t j = 0; j < columns.size(); ++j) {
      const double value = values[static_cast<std::size_t>(columns[j])];
      made.x(i, static_cast<std::int64_t>(j)) = static_cast<T>((value + shift[j]) * scale[j]);
    }
  }
  return made;
}

template FORJA_API Classification<float> make_classification(const ClassificationOptions&);
template FORJA_API Classification<double> make_classification(const ClassificationOptions&);

}  // namespace forja

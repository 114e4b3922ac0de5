#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <string>

#include "data/random_normal.h"
#include "data/random_order.h"
#include "estimator/parameter_table.h"
#include "forja/error.h"
#include "forja/generators.h"
#include "formulas/counter_random.h"

namespace forja {
namespace {

enum BlobStream : std::uint64_t { kBlobCenters = 1, kBlobOrder = 2, kBlobNoise = 3 };

const core::ParameterTable<BlobsOptions>& blobs_params() {
  using Options = BlobsOptions;
  static const core::ParameterTable<Options> table = core::ParameterTable<Options>()
                                                         .integer("n_samples", &Options::n_samples, 1)
                                                         .integer("n_features", &Options::n_features, 1)
                                                         .integer("centers", &Options::centers, 1)
                                                         .real("cluster_std", &Options::cluster_std, 0, core::kFinite)
                                                         .real("center_box", &Options::center_box, 0, core::kFinite)
                                                         .boolean("shuffle", &Options::shuffle)
                                                         .seed("seed", &Options::seed);
  return table;
}

/// Each of `values` is at least 0 and finite.
template <class Values>
void check_each(const char* name, const Values& values) {
  for (std::size_t i = 0; i < std::size(values); ++i) {
    if (!(values[i] >= 0 && static_cast<double>(values[i]) <= core::kFinite)) {
      throw InvalidArgument(
          fmt::format("make_blobs: {}[{}] = {} but it must be finite and at least 0", name, i, values[i]));
    }
  }
}

void check_length(const char* name, std::int64_t length, std::int64_t blobs) {
  if (length != 0 && length != blobs) {
    throw InvalidArgument(fmt::format("make_blobs: {} has {} values but there are {} blobs", name, length, blobs));
  }
}

void check(const BlobsOptions& options, std::int64_t blobs) {
  blobs_params().check("make_blobs", options);
  check_each("samples_per_center", options.samples_per_center);
  check_each("std_per_center", options.std_per_center);
  check_length("samples_per_center", std::ssize(options.samples_per_center), blobs);
  check_length("std_per_center", std::ssize(options.std_per_center), blobs);
  for (const double value : options.given_centers.values()) {
    if (!std::isfinite(value)) throw InvalidArgument(fmt::format("make_blobs: given_centers has {}", value));
  }
}

std::vector<std::int64_t> rows_of_blobs(const BlobsOptions& options, std::int64_t blobs) {
  if (!options.samples_per_center.empty()) return options.samples_per_center;
  std::vector<std::int64_t> rows(static_cast<std::size_t>(blobs), options.n_samples / blobs);
  for (std::int64_t blob = 0; blob < options.n_samples % blobs; ++blob) ++rows[static_cast<std::size_t>(blob)];
  return rows;
}

std::int64_t sum(const std::vector<std::int64_t>& rows) {
  std::int64_t total = 0;
  for (const std::int64_t blob_rows : rows) {
    if (__builtin_add_overflow(total, blob_rows, &total)) {
      throw InvalidArgument("make_blobs: samples_per_center sums to more than 2^63 rows");
    }
  }
  if (total == 0) throw InvalidArgument("make_blobs: samples_per_center sums to 0 but it must be at least 1");
  return total;
}

/// The blob of each row.
std::vector<std::int32_t> blob_of_rows(const BlobsOptions& options, const std::vector<std::int64_t>& rows) {
  std::vector<std::int32_t> in_order;
  for (std::size_t blob = 0; blob < rows.size(); ++blob) {
    in_order.insert(in_order.end(), static_cast<std::size_t>(rows[blob]), static_cast<std::int32_t>(blob));
  }
  if (!options.shuffle) return in_order;
  std::vector<std::int32_t> mixed;
  mixed.reserve(in_order.size());
  for (const std::int64_t row : core::random_order(std::ssize(in_order), options.seed, kBlobOrder)) {
    mixed.push_back(in_order[static_cast<std::size_t>(row)]);
  }
  return mixed;
}

Matrix<double> blob_centers(const BlobsOptions& options, std::int64_t blobs) {
  if (!options.given_centers.empty()) return options.given_centers;
  Matrix<double> centers(blobs, options.n_features);
  std::uint64_t counter = 0;
  for (double& value : centers.values()) {
    value = options.center_box * (2 * formulas::random_uniform(options.seed, kBlobCenters, counter++) - 1);
  }
  return centers;
}

}  // namespace

template <class T>
Blobs<T> make_blobs(const BlobsOptions& options) {
  const std::int64_t blobs = !options.given_centers.empty()        ? options.given_centers.rows()
                             : !options.samples_per_center.empty() ? std::ssize(options.samples_per_center)
                                                                   : options.centers;
  check(options, blobs);
  const std::vector<std::int64_t> rows = rows_of_blobs(options, blobs);
  const std::int64_t n = sum(rows);
  const std::int64_t d = options.given_centers.empty() ? options.n_features : options.given_centers.columns();
  // The rows lie around the centres as the caller sees them, rounded to T.
  Blobs<T> made{Matrix<T>(n, d), {}, Matrix<T>(blob_centers(options, blobs).view())};
  made.labels = blob_of_rows(options, rows);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int32_t blob = made.labels[static_cast<std::size_t>(i)];
    const double spread =
        options.std_per_center.empty() ? options.cluster_std : options.std_per_center[static_cast<std::size_t>(blob)];
    for (std::int64_t j = 0; j < d; ++j) {
      const double noise =
          spread * core::random_normal(options.seed, kBlobNoise, static_cast<std::uint64_t>(i * d + j));
      made.x(i, j) = static_cast<T>(static_cast<double>(made.centers(blob, j)) + noise);
    }
  }
  return made;
}

template FORJA_API Blobs<float> make_blobs(const BlobsOptions&);
template FORJA_API Blobs<double> make_blobs(const BlobsOptions&);

}  // namespace forja

#include <fmt/format.h>

#include <numeric>
#include <string_view>

#include "estimator/dense_labels.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "forja/metrics.h"

namespace forja {
namespace {

template <class T>
std::vector<double> samples(std::string_view call, const Rows<T>& x, std::span<const std::int32_t> labels,
                            const Device& device) {
  core::check_rows(call, x, device);
  if (std::ssize(labels) != x.rows()) {
    throw InvalidArgument(fmt::format("{}: labels has {} values but x has {} rows", call, labels.size(), x.rows()));
  }
  const core::DenseLabels dense = core::dense_labels(labels);
  const std::int64_t different = std::ssize(dense.classes);
  if (different < 2 || different >= x.rows()) {
    throw InvalidArgument(fmt::format("{}: labels has {} different values but x has {} rows: 2 to {} are needed", call,
                                      different, x.rows(), x.rows() - 1));
  }
  return core::families<T>(device).silhouette_samples(core::place(device), x, dense.place, different);
}

}  // namespace

template <class T>
std::vector<double> silhouette_samples(const Rows<T>& x, std::span<const std::int32_t> labels, Device device) {
  return samples("silhouette_samples", x, labels, device);
}

template <class T>
double silhouette_score(const Rows<T>& x, std::span<const std::int32_t> labels, Device device) {
  const std::vector<double> each = samples("silhouette_score", x, labels, device);
  return std::accumulate(each.begin(), each.end(), 0.0) / static_cast<double>(each.size());
}

template FORJA_API std::vector<double> silhouette_samples(const Rows<float>&, std::span<const std::int32_t>, Device);
template FORJA_API std::vector<double> silhouette_samples(const Rows<double>&, std::span<const std::int32_t>, Device);
template FORJA_API double silhouette_score(const Rows<float>&, std::span<const std::int32_t>, Device);
template FORJA_API double silhouette_score(const Rows<double>&, std::span<const std::int32_t>, Device);

}  // namespace forja

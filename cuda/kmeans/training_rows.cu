#include "kmeans/training_rows.h"

#include <algorithm>
#include <cmath>

#include "formulas/fixed_point.h"
#include "kmeans/column_kernels.cuh"
#include "kmeans/row_kernels.cuh"
#include "kmeans/seeding_kernels.cuh"
#include "runtime/launch.h"

namespace forja::cuda {
namespace {

/// Few parts, since the host joins them, and rows enough in each.
constexpr std::int64_t kMostChunks = 256;
constexpr std::int64_t kLeastChunkRows = 512;

}  // namespace

template <class T>
struct TrainingRows<T>::Summary {
  std::vector<double> mean;
  std::vector<double> spread;  ///< sums of squared deviations
  std::vector<T> lowest;
  std::vector<T> highest;
};

template <class T>
TrainingRows<T>::TrainingRows(const Context& context, const Rows<T>& x, std::span<const T> sample_weight) {
  view_.n = row_count(x);
  view_.d = column_count(x);
  if (x.host() != nullptr) {
    values_ = DeviceBuffer<T>(context, view_.n * view_.d);
    upload_rows(context, *x.host(), values_.data());
    view_.x = values_.data();
  } else {
    view_.x = rows_on_device(x);
  }
  if (!sample_weight.empty()) {
    weights_ = DeviceBuffer<T>(context, view_.n);
    weights_.upload(sample_weight);
    view_.weight = weights_.data();
  }
  set_centring(context, summarise_columns(context), sample_weight);
  measure(context);
}

template <class T>
auto TrainingRows<T>::summarise_columns(const Context& context) const -> Summary {
  const std::int64_t n = view_.n;
  const std::int64_t d = view_.d;
  const std::int64_t chunk_rows = std::max(kLeastChunkRows, (n + kMostChunks - 1) / kMostChunks);
  const std::int64_t chunks = (n + chunk_rows - 1) / chunk_rows;
  unsigned width = 1;
  while (width < kWarp && width < d) width *= 2;
  DeviceBuffer<ColumnPart<T>> on_device(context, chunks * d);
  const dim3 grid(static_cast<unsigned>(chunks), static_cast<unsigned>((d + width - 1) / width));
  launch(summarise_chunk<T>, grid, dim3(width, kRowBlock / width), 0, context.stream(), view_.x, n, d, chunk_rows,
         on_device.data());
  std::vector<ColumnPart<T>> parts(static_cast<std::size_t>(chunks * d));
  // A chunk's sums are shifted by its first row.
  Matrix<T> origins(chunks, d);
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    FORJA_CUDA_CHECK(cudaMemcpyAsync(origins.data() + chunk * d, view_.x + chunk * chunk_rows * d,
                                     static_cast<std::size_t>(d) * sizeof(T), cudaMemcpyDeviceToHost,
                                     context.stream()));
  }
  on_device.download(parts);

  const auto columns = static_cast<std::size_t>(d);
  Summary all{std::vector<double>(columns), std::vector<double>(columns), std::vector<T>(columns),
              std::vector<T>(columns)};
  for (std::int64_t j = 0; j < d; ++j) {
    const auto column = static_cast<std::size_t>(j);
    double before = 0;
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
      const ColumnPart<T>& part = parts[static_cast<std::size_t>(chunk * d + j)];
      const auto added = static_cast<double>(std::min(chunk_rows, n - chunk * chunk_rows));
      const double mean = static_cast<double>(origins(chunk, j)) + part.sum / added;
      const double spread = std::max(0.0, part.square - part.sum * (part.sum / added));
      const double apart = chunk == 0 ? 0 : mean - all.mean[column];
      all.mean[column] = chunk == 0 ? mean : all.mean[column] + apart * (added / (before + added));
      all.spread[column] += spread + apart * apart * (before * added / (before + added));
      all.lowest[column] = chunk == 0 ? part.lowest : std::min(all.lowest[column], part.lowest);
      all.highest[column] = chunk == 0 ? part.highest : std::max(all.highest[column], part.highest);
      before += added;
    }
  }
  return all;
}

template <class T>
void TrainingRows<T>::set_centring(const Context& context, const Summary& summary, std::span<const T> sample_weight) {
  const std::size_t d = summary.mean.size();
  moments_.mean = summary.mean;
  moments_.variance = summary.spread;
  for (double& value : moments_.variance) value /= static_cast<double>(view_.n);
  double largest = 0;
  for (std::size_t j = 0; j < d; ++j) {
    const T shift = formulas::centring_shift<T>(summary.mean[j], static_cast<double>(summary.lowest[j]),
                                                static_cast<double>(summary.highest[j]));
    centring_.shift.push_back(shift);
    for (const T edge : {summary.lowest[j], summary.highest[j]}) {
      largest = std::max(largest, std::abs(static_cast<double>(edge - shift)));
    }
  }
  centring_.scale = static_cast<T>(formulas::common_scale(largest));
  shift_ = DeviceBuffer<T>(context, view_.d);
  shift_.upload(centring_.shift);
  view_.shift = shift_.data();
  view_.scale = centring_.scale;

  const double heaviest =
      sample_weight.empty() ? 1.0 : static_cast<double>(*std::max_element(sample_weight.begin(), sample_weight.end()));
  std::vector<double> scales(2 * d);
  for (std::size_t j = 0; j < d; ++j) {
    double limit = 0;
    for (const T edge : {summary.lowest[j], summary.highest[j]}) {
      const T inside = formulas::centred(edge, centring_.shift[j], centring_.scale);
      limit = std::max(limit, std::abs(static_cast<double>(inside)));
    }
    const int exponent = formulas::fixed_point_exponent(limit * heaviest, view_.n);
    scales[j] = std::ldexp(1.0, exponent);
    scales[d + j] = std::ldexp(1.0, -exponent);
  }
  scales_ = DeviceBuffer<double>(context, 2 * view_.d);
  scales_.upload(scales);
  const int exponent = formulas::fixed_point_exponent(heaviest, view_.n);
  fixed_view_ = {scales_.data(), scales_.data() + view_.d, std::ldexp(1.0, exponent), std::ldexp(1.0, -exponent)};
}

template <class T>
void TrainingRows<T>::measure(const Context& context) {
  const std::int64_t chunks = row_blocks(view_.n);
  const dim3 grid(static_cast<unsigned>(chunks));
  norms_ = DeviceBuffer<T>(context, view_.n);
  chunk_weights_ = DeviceBuffer<double>(context, chunks);
  DeviceBuffer<double> chunk_squares(context, chunks);
  launch(measure_rows<T>, grid, dim3(kRowBlock), 0, context.stream(), view_, norms_.data(), chunk_squares.data());
  launch(sum_weights<T>, grid, dim3(kRowBlock), 0, context.stream(), view_, chunk_weights_.data());
  std::vector<double> squares(static_cast<std::size_t>(chunks));
  chunk_squares.download(squares);
  for (const double square : squares) total_square_ += square;
}

template class TrainingRows<float>;
template class TrainingRows<double>;

}  // namespace forja::cuda

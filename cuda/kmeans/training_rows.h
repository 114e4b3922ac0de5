#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "compute/kmeans_centring.h"
#include "compute/kmeans_compute.h"
#include "kmeans/views.h"
#include "runtime/row_stream.h"

namespace forja::cuda {

using compute::Centring;

template <class T>
struct ColumnSummary;

/// Some of the rows, dense on the device.
template <class T>
struct PickedRows {
  DeviceBuffer<T> values;   ///< as they were given
  DeviceBuffer<T> weights;  ///< empty: all one
  RowsView<T> view;
};

/// The rows, block by block on the device, and all that is known of them for good, which stays there.
template <class T>
class TrainingRows {
 public:
  /// Synchronises. Throws OutOfMemory when what is held of each row beside its entries does not fit, or no block of
  /// rows. Host rows that do not fit stream (RowStream): they outlive this object.
  TrainingRows(const Context& context, const Rows<T>& x, std::span<const T> sample_weight);

  std::int64_t rows() const { return view_.n; }
  std::int64_t columns() const { return view_.d; }
  /// All rows in one place; x is null where they stream.
  const RowsView<T>& view() const { return view_; }
  /// All rows, for what needs their weights alone: x is null.
  RowsView<T> without_entries() const;
  /// Calls work(a block of the rows, the number of its first row) for one block after the other. A block starts at a
  /// multiple of kRowBlock rows; its x is there for what `work` enqueues on the context's stream, and for no longer.
  void for_each_block(const std::function<void(const RowsView<T>&, std::int64_t)>& work);
  /// The same over the rows of these numbers, in this order, where rows stream: work(a block of them, their norms, the
  /// first one's place in `index`).
  void for_each_picked(std::span<const std::int64_t> index,
                       const std::function<void(const RowsView<T>&, const T*, std::int64_t)>& work);
  /// The rows of these numbers, in this order; waits for the device where rows stream and the numbers lie there.
  PickedRows<T> pick(std::span<const std::int64_t> index);
  PickedRows<T> pick(const DeviceBuffer<std::int64_t>& index);
  const FixedPointView& fixed_point() const { return fixed_view_; }
  const T* norms() const { return norms_.data(); }
  /// The sum of the weights of each chunk of kRowBlock rows.
  const double* chunk_weights() const { return chunk_weights_.data(); }
  const compute::ColumnMoments& moments() const { return moments_; }
  const Centring<T>& centring() const { return centring_; }
  /// Sum of weight x ||x'||^2.
  double total_square() const { return total_square_; }

 private:
  using Summary = std::vector<ColumnSummary<T>>;
  Summary summarise_columns();
  void set_centring(const Summary& summary, std::span<const T> sample_weight);
  void measure();

  /// A block's view; weights: of its rows.
  RowsView<T> view_of(const RowBlock<T>& block, const T* weights) const;
  /// numbers[index[i]] for each i.
  DeviceBuffer<T> gather(const T* numbers, const DeviceBuffer<std::int64_t>& index);

  const Context* context_;
  RowStream<T> stream_;
  DeviceBuffer<T> weights_;
  DeviceBuffer<T> shift_;
  DeviceBuffer<T> norms_;
  DeviceBuffer<double> chunk_weights_;
  DeviceBuffer<double> scales_;
  RowsView<T> view_;
  FixedPointView fixed_view_;
  Centring<T> centring_;
  compute::ColumnMoments moments_;
  double total_square_ = 0;
};

}  // namespace forja::cuda

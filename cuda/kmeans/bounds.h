#pragma once

#include <cstdint>

#include "kmeans/views.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"

namespace forja::cuda {

/// Which rows a pass need not search, by bounds on their distances that are kept between passes (Hamerly, "Making
/// k-means even faster", 2010): one from above to the row's own centre, one from below to every other. They follow the
/// centres' shifts, rounded so that they stay true, and a row is left out only where its label is certain: labels are
/// those of a pass without bounds, to the bit. Bounds stay on the device where rows stream: blocks are copied all the
/// same, but fewer products are computed. Everything is enqueued on the context's stream.
template <class T>
class Bounds {
 public:
  /// Whether they repay themselves with k centres on n rows of d columns. A pass's search takes 2 k d operations a row;
  /// the bounds take 20 bytes a row (float) read and written and, at worst, d values more. At ten operations of T for a
  /// byte (H100: 34 T of multiply-and-add at half its peak over 3.3 TB/s) that is 200 + 40 d operations, at most a
  /// third of the search where k >= 64 and k d >= 512; and the k x k distances of the centres, k^2 d operations of
  /// double, at most another sixteenth where 16 k <= n. What they save is all of the search of each row left out: most
  /// rows, once the centres move little.
  static bool pay(std::int64_t n, std::int64_t d, std::int64_t k);

  /// Keeps bounds from the next pass on, if the device has room for them, or no longer.
  void use(bool yes);
  /// Nothing is known any more: the centres were set otherwise than by centers_moved().
  void forget() { known_ = false; }
  /// Nothing is known of these rows.
  void forget_rows(const Context& context, const DeviceBuffer<std::int64_t>& rows);
  /// The centres have moved by the records' shifts.
  void centers_moved(const Context& context, const ClusterRecord* records);

  /// Begins a pass over n rows with these centres: narrow() comes for each block of them, then end_blocks(), and
  /// end_pass() once the pass has ended well.
  void begin_pass(const Context& context, std::int64_t n, const CentersView<T>& centers);
  /// Whether the pass leaves rows out.
  bool leave_out() const { return filtering_; }
  /// Narrows the task of a block, whose first row is number `first`, to the rows whose labels are uncertain, by its
  /// index and count, and has it set their bounds. labels: of its rows, by the pass before. counts: 0, where the number
  /// of rows searched in the whole pass is put, and a place for the block's.
  void narrow(const Context& context, std::int64_t first, const std::int32_t* labels, unsigned long long* counts,
              NearestTask<T>& task);
  void end_blocks();
  void end_pass() { known_ = upper_.size() > 0; }

 private:
  void make_room(const Context& context, std::int64_t n, std::int64_t d, std::int64_t k);
  /// Enqueues what the filter needs of the centres.
  void measure_centers(const Context& context, const CentersView<T>& centers);

  bool used_ = false;
  bool known_ = false;      ///< the bounds are true of the rows' labels, but for the drifts
  bool filtering_ = false;  ///< in this pass
  std::int64_t d_ = 0;
  DeviceBuffer<T> upper_;
  DeviceBuffer<T> lower_;
  DeviceBuffer<std::int64_t> left_;  ///< the rows to be searched
  DeviceBuffer<T> drifts_;           ///< k; how far each centre has moved since the last pass
  DeviceBuffer<LargestDrifts<T>> largest_;
  DeviceBuffer<unsigned long long> least_squares_;  ///< k; to the nearest other centre, as a double's bits
  DeviceBuffer<T> half_gaps_;                       ///< k
  DeviceBuffer<T> no_shift_;                        ///< d zeros: centres as rows
};

}  // namespace forja::cuda

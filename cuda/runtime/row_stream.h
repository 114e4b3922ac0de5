#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "forja/device_matrix.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"
#include "runtime/event.h"
#include "runtime/pinned_buffer.h"

namespace forja::cuda {

/// Rows of a block, dense on the device.
template <class T>
struct RowBlock {
  const T* x = nullptr;
  std::int64_t first = 0;  ///< the number of its first row
  std::int64_t rows = 0;
};

/// How a RowStream divides rows, and what it leaves for others.
struct RowStreamOptions {
  std::int64_t granule = 1;        ///< blocks start at multiples of so many rows, > 0
  std::int64_t most_rows = 0;      ///< of a block, a multiple of the granule; 0: any
  std::int64_t most_kept = 0;      ///< bytes of host rows that are kept on the device at most; 0: any
  std::int64_t kept_unasked = 0;   ///< so many bytes are kept without a look at the free memory
  std::int64_t needed_beside = 0;  ///< bytes of device memory that their owner takes beside them
};

/// Rows, block by block on the device: the one way in which CUDA compute objects read their rows. Rows that lie on the
/// device and rows of the host that fit are there once and for all. Others stream: two blocks of device memory are
/// filled in turn from two of page-locked memory, on a stream of their own, so that one is copied while the other is
/// worked on. What `work` computes must not depend on where blocks end, beyond the granule.
///
/// Rows fit when they take at most 7/8 of the device memory that is free once needed_beside is taken from it; the rest
/// is for what depends on a call, as centres. A streamed block has 64 MiB, or 1/8 of that memory where it is less, but
/// a granule at least. Host rows are read again at each pass: they outlive this object, unchanged.
///
/// Floor of a streamed pass: n d sizeof(T) bytes over PCIe (25 GB/s at generation 4, 50 at 5), and the same bytes read
/// and written in host memory by one thread, which bounds it where that thread is slower.
template <class T>
class RowStream {
 public:
  using Work = std::function<void(const RowBlock<T>&)>;

  /// Enqueues the copy of rows that are kept. Throws OutOfMemory when not even two blocks fit, DeviceUnavailable. The
  /// context outlives it.
  RowStream(const Context& context, const Rows<T>& x, const RowStreamOptions& options);

  std::int64_t rows() const { return n_; }
  std::int64_t columns() const { return d_; }
  /// All rows in one place, or null when they stream.
  const T* kept() const { return x_; }

  /// Calls work(block) for one block after the other. Its x is there for what `work` enqueues on the context's stream.
  void for_each_block(const Work& work);
  /// The same over the rows of these numbers, in this order: a block's `first` is a place in `index`. Needs rows that
  /// stream.
  void for_each_picked(std::span<const std::int64_t> index, const Work& work);

 private:
  /// What it takes to copy beside the computation. Destroyed from the end: the copies end before their memory does.
  struct Pipe {
    Pipe(const Context& context, std::int64_t values);
    std::array<DeviceBuffer<T>, 2> blocks;
    std::array<PinnedBuffer<T>, 2> staged;
    Stream copying;
    std::array<Event, 2> copied;  ///< into the block
    std::array<Event, 2> used;    ///< by the context's stream
  };

  bool fits(std::int64_t bytes, const RowStreamOptions& options) const;
  void keep(std::int64_t bytes);
  void open_pipe(const RowStreamOptions& options);
  /// Fills blocks with `count` rows by pack(first, rows, where to) and has them worked on.
  template <class Pack>
  void pump(std::int64_t count, const Pack& pack, const Work& work);
  template <class Pack>
  void fill(int place, std::int64_t first, std::int64_t rows, const Pack& pack);
  /// After a failure: nothing that was enqueued reads or writes the blocks any more.
  void drain() noexcept;

  const Context* context_;
  MatrixView<const T> host_;
  std::int64_t n_;
  std::int64_t d_;
  std::int64_t block_rows_ = 0;
  const T* x_ = nullptr;
  DeviceBuffer<T> values_;  ///< host rows that are kept
  std::unique_ptr<Pipe> pipe_;
  int next_ = 0;  ///< the block that is filled next
};

}  // namespace forja::cuda

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
  bool keep_some = false;          ///< of host rows that do not all fit, the first ones are kept
  std::int64_t wanted_beside = 0;  ///< bytes that save every second pass: left free where fewer than have to stream
};

/// Rows, block by block on the device: the one way in which CUDA compute objects read their rows. Rows that lie on the
/// device and rows of the host that fit are there once and for all. Others stream: two blocks of device memory are
/// filled in turn from two of page-locked memory, on a stream of their own, so that one is copied while the other is
/// worked on. What `work` computes must not depend on where blocks end, beyond the granule.
///
/// Rows fit when they take at most 7/8 of the device memory that is free once needed_beside is taken from it; the rest
/// is for what depends on a call, as centres. A streamed block has 64 MiB, or 1/8 of that memory where it is less, but
/// a granule at least. What two blocks leave of the 7/8 keeps the first rows, so that passes stream the others alone.
/// Host rows are read again at each pass: they outlive this object, unchanged.
///
/// Floor of a streamed pass, with r rows kept: (n - r) d sizeof(T) bytes over PCIe (25 GB/s at generation 4, 50 at 5).
/// The same bytes are read and written in host memory by as many threads as a block has MiB, 8 at most, which
/// PCIe hides where that memory moves three bytes for each of its own.
template <class T>
class RowStream {
 public:
  using Work = std::function<void(const RowBlock<T>&)>;

  /// Enqueues the copy of rows that are kept, or makes it. Throws OutOfMemory when not even two blocks fit,
  /// DeviceUnavailable. The context outlives it.
  RowStream(const Context& context, const Rows<T>& x, const RowStreamOptions& options);

  std::int64_t rows() const { return n_; }
  std::int64_t columns() const { return d_; }
  /// All rows in one place, or null when some stream.
  const T* kept() const { return kept_rows_ == n_ ? x_ : nullptr; }

  /// Calls work(block) for one block after the other. Its x is there for what `work` enqueues on the context's stream.
  void for_each_block(const Work& work);
  /// The same over the rows of these numbers, in this order: a block's `first` is a place in `index`. Needs rows of
  /// which some stream.
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
  void keep_all();
  void open_pipe(const RowStreamOptions& options);
  void keep_some(std::int64_t bytes, const RowStreamOptions& options);
  void work_on_kept(const Work& work);
  /// Copies dense rows first .. first + rows - 1 of the host.
  void copy_rows(std::int64_t first, std::int64_t rows, T* to) const;
  /// Fills blocks with `count` rows by pack(first, rows, where to) and has them worked on, after `before`, which runs
  /// while the first one is on its way.
  template <class Pack>
  void pump(std::int64_t count, const Pack& pack, const std::function<void()>& before, const Work& work);
  /// Enqueues the copy of rows that pack() gives, through a page-locked block.
  template <class Pack>
  void send(int place, std::int64_t first, std::int64_t rows, const Pack& pack, T* to);
  /// After a failure: nothing that was enqueued reads or writes the blocks any more.
  void drain() noexcept;

  const Context* context_;
  MatrixView<const T> host_;
  std::int64_t n_;
  std::int64_t d_;
  std::int64_t block_rows_ = 0;       ///< of blocks that stream
  std::int64_t kept_block_rows_ = 0;  ///< of blocks of rows that are kept
  std::int64_t kept_rows_ = 0;        ///< the first ones
  const T* x_ = nullptr;              ///< they
  DeviceBuffer<T> values_;            ///< they, where they are the host's
  std::unique_ptr<Pipe> pipe_;
  int next_ = 0;  ///< the block that is filled next
};

}  // namespace forja::cuda

#include "runtime/row_stream.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <system_error>
#include <thread>
#include <vector>

#include "forja/error.h"
#include "runtime/device_rows.h"

namespace forja::cuda {
namespace {

/// Long enough that a copy takes milliseconds, and starting it and its kernels does not count.
constexpr std::int64_t kBlockBytes = std::int64_t{64} << 20;
/// Bytes that a thread copies at least: it is started in a small part of that time.
constexpr std::int64_t kThreadBytes = std::int64_t{1} << 20;
/// Threads that together copy about as fast as host memory can.
constexpr std::int64_t kMostThreads = 8;
/// Of the free memory, rows leave this part to others, and a block takes as much at most.
constexpr std::int64_t kPart = 8;

std::int64_t product(std::int64_t a, std::int64_t b) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return b > 0 && a > kMost / b ? kMost : a * b;
}

/// Of free memory, what rows may take.
std::int64_t most_of(std::int64_t free) { return free - free / kPart; }

std::int64_t free_beside(const Context& context, std::int64_t needed) {
  return std::max<std::int64_t>(memory(context.device()).free - needed, 0);
}

/// Calls work(first, count) for parts of so many rows, on threads where the bytes are worth them. A thread that cannot
/// be had leaves its part to the others.
template <class Work>
void share_out(std::int64_t rows, std::int64_t bytes, const Work& work) {
  const std::int64_t parts = std::clamp<std::int64_t>(bytes / kThreadBytes, 1, kMostThreads);
  const std::int64_t part_rows = (rows + parts - 1) / parts;
  std::atomic<std::int64_t> next = 0;
  const auto take_parts = [&] {
    for (std::int64_t first = 0; (first = next.fetch_add(part_rows)) < rows;) {
      work(first, std::min(part_rows, rows - first));
    }
  };
  std::vector<std::jthread> others;
  try {
    for (std::int64_t i = 1; i < parts; ++i) others.emplace_back(take_parts);
  } catch (const std::system_error&) {  // not run by tests: the system has a thread left
  }
  take_parts();
}

/// Or false: what is free may be in pieces, or be taken by another thread meanwhile; then rows stream.
template <class T>
bool allocate(const Context& context, std::int64_t size, DeviceBuffer<T>& buffer) {
  try {
    buffer = DeviceBuffer<T>(context, size);
  } catch (const OutOfMemory&) {
    return false;
  }
  return true;
}

}  // namespace

template <class T>
RowStream<T>::Pipe::Pipe(const Context& context, std::int64_t values)
    : blocks{DeviceBuffer<T>(context, values), DeviceBuffer<T>(context, values)},
      staged{PinnedBuffer<T>(values), PinnedBuffer<T>(values)},
      copying(context),
      copied{Event(context), Event(context)},
      used{Event(context), Event(context)} {
  // The blocks exist from here on in the order of the context's stream.
  for (Event& event : used) event.record(context.stream());
}

template <class T>
RowStream<T>::RowStream(const Context& context, const Rows<T>& x, const RowStreamOptions& options)
    : context_(&context), n_(row_count(x)), d_(column_count(x)) {
  const std::int64_t all = std::max<std::int64_t>((n_ + options.granule - 1) / options.granule, 1) * options.granule;
  block_rows_ = options.most_rows > 0 ? std::min(options.most_rows, all) : all;
  kept_block_rows_ = block_rows_;
  if (x.host() == nullptr) {
    x_ = rows_on_device(x);
    kept_rows_ = n_;
    return;
  }
  host_ = *x.host();
  const std::int64_t bytes = product(product(n_, d_), sizeof(T));
  if (bytes == 0) return;
  if (fits(bytes, options)) keep_all();
  if (x_ != nullptr) return;
  open_pipe(options);
  if (options.keep_some) keep_some(bytes, options);
}

template <class T>
bool RowStream<T>::fits(std::int64_t bytes, const RowStreamOptions& options) const {
  if (bytes <= options.kept_unasked) return true;
  if (options.most_kept > 0 && bytes > options.most_kept) return false;
  return bytes <= most_of(free_beside(*context_, options.needed_beside));
}

template <class T>
void RowStream<T>::keep_all() {
  if (!allocate(*context_, n_ * d_, values_)) return;
  upload_rows(*context_, host_, values_.data());
  x_ = values_.data();
  kept_rows_ = n_;
}

template <class T>
void RowStream<T>::open_pipe(const RowStreamOptions& options) {
  const std::int64_t row_bytes = product(d_, sizeof(T));
  const std::int64_t bytes = std::min(kBlockBytes, free_beside(*context_, options.needed_beside) / kPart);
  const std::int64_t granules = std::max<std::int64_t>(bytes / row_bytes / options.granule, 1);
  block_rows_ = std::min(block_rows_, granules * options.granule);
  pipe_ = std::make_unique<Pipe>(*context_, product(block_rows_, d_));
}

template <class T>
void RowStream<T>::keep_some(std::int64_t bytes, const RowStreamOptions& options) {
  const std::int64_t block_bytes = block_rows_ * d_ * static_cast<std::int64_t>(sizeof(T));
  const std::int64_t free = free_beside(*context_, options.needed_beside) + 2 * block_bytes;
  std::int64_t room = most_of(free) - 2 * block_bytes;
  // Each pass streams so many bytes more, and there are half as many passes.
  if (options.wanted_beside < bytes - room) room -= options.wanted_beside;
  const std::int64_t granule_bytes = options.granule * d_ * static_cast<std::int64_t>(sizeof(T));
  const std::int64_t rows = std::min(std::max<std::int64_t>(room, 0) / granule_bytes * options.granule, n_);
  if (rows == 0) return;
  if (!allocate(*context_, rows * d_, values_)) return;
  // The memory exists from here on in the order of the context's stream.
  for (Event& event : pipe_->used) event.record(context_->stream());
  for (std::int64_t first = 0; first < rows; first += block_rows_, next_ = 1 - next_) {
    send(
        next_, first, std::min(block_rows_, rows - first),
        [this](std::int64_t from, std::int64_t count, T* to) { copy_rows(from, count, to); },
        values_.data() + first * d_);
  }
  for (const Event& event : pipe_->copied) event.wait(context_->stream());
  x_ = values_.data();
  kept_rows_ = rows;
}

template <class T>
void RowStream<T>::copy_rows(std::int64_t first, std::int64_t rows, T* to) const {
  if (host_.stride() == d_) {
    std::memcpy(to, host_.data() + first * d_, static_cast<std::size_t>(rows * d_) * sizeof(T));
    return;
  }
  for (std::int64_t i = 0; i < rows; ++i, to += d_) std::copy_n(host_.row(first + i).data(), d_, to);
}

template <class T>
void RowStream<T>::work_on_kept(const Work& work) {
  for (std::int64_t first = 0; first < kept_rows_; first += kept_block_rows_) {
    work({x_ + first * d_, first, std::min(kept_block_rows_, kept_rows_ - first)});
  }
}

template <class T>
void RowStream<T>::for_each_block(const Work& work) {
  if (kept_rows_ == n_) {
    work_on_kept(work);
    return;
  }
  pump(
      n_ - kept_rows_,
      [this](std::int64_t first, std::int64_t rows, T* to) { copy_rows(kept_rows_ + first, rows, to); },
      [&] { work_on_kept(work); },
      [&](const RowBlock<T>& block) {
        work({block.x, kept_rows_ + block.first, block.rows});
      });
}

template <class T>
void RowStream<T>::for_each_picked(std::span<const std::int64_t> index, const Work& work) {
  const auto pick = [&](std::int64_t first, std::int64_t rows, T* to) {
    for (const std::int64_t row : index.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(rows))) {
      to = std::copy_n(host_.row(row).data(), d_, to);
    }
  };
  pump(
      std::ssize(index), pick, [] {}, work);
}

template <class T>
template <class Pack>
void RowStream<T>::send(int place, std::int64_t first, std::int64_t rows, const Pack& pack, T* to) {
  const auto at = static_cast<std::size_t>(place);
  T* const staged = pipe_->staged[at].data();
  pipe_->copied[at].synchronize();
  const std::int64_t bytes = rows * d_ * static_cast<std::int64_t>(sizeof(T));
  share_out(rows, bytes, [&](std::int64_t from, std::int64_t count) { pack(first + from, count, staged + from * d_); });
  pipe_->used[at].wait(pipe_->copying.get());
  FORJA_CUDA_CHECK(
      cudaMemcpyAsync(to, staged, static_cast<std::size_t>(bytes), cudaMemcpyHostToDevice, pipe_->copying.get()));
  pipe_->copied[at].record(pipe_->copying.get());
}

// The next block is filled before this one is worked on: `work` may wait for its results.
template <class T>
template <class Pack>
void RowStream<T>::pump(std::int64_t count, const Pack& pack, const std::function<void()>& before, const Work& work) {
  if (count == 0) return;
  const auto fill = [&](std::int64_t first) {
    T* const block = pipe_->blocks[static_cast<std::size_t>(next_)].data();
    send(next_, first, std::min(block_rows_, count - first), pack, block);
  };
  try {
    fill(0);
    before();
    for (std::int64_t first = 0; first < count; first += block_rows_) {
      const auto at = static_cast<std::size_t>(next_);
      next_ = 1 - next_;
      if (first + block_rows_ < count) fill(first + block_rows_);
      pipe_->copied[at].wait(context_->stream());
      work({pipe_->blocks[at].data(), first, std::min(block_rows_, count - first)});
      pipe_->used[at].record(context_->stream());
    }
  } catch (...) {
    drain();
    throw;
  }
}

template <class T>
void RowStream<T>::drain() noexcept {
  for (const cudaStream_t stream : {context_->stream(), pipe_->copying.get()}) {
    if (cudaStreamSynchronize(stream) != cudaSuccess) (void)cudaGetLastError();
  }
}

template class RowStream<float>;
template class RowStream<double>;

}  // namespace forja::cuda

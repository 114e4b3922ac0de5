#include "runtime/row_stream.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "forja/error.h"
#include "runtime/device_rows.h"

namespace forja::cuda {
namespace {

/// Long enough that a copy takes milliseconds, and starting it and its kernels does not count.
constexpr std::int64_t kBlockBytes = std::int64_t{64} << 20;
/// Of the free memory, rows leave this part to others, and a block takes as much at most.
constexpr std::int64_t kPart = 8;

std::int64_t product(std::int64_t a, std::int64_t b) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return b > 0 && a > kMost / b ? kMost : a * b;
}

std::int64_t free_beside(const Context& context, std::int64_t needed) {
  return std::max<std::int64_t>(memory(context.device()).free - needed, 0);
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
  if (x.host() == nullptr) {
    x_ = rows_on_device(x);
    return;
  }
  host_ = *x.host();
  const std::int64_t bytes = product(product(n_, d_), sizeof(T));
  if (fits(bytes, options)) keep(bytes);
  if (x_ == nullptr && bytes > 0) open_pipe(options);
}

template <class T>
bool RowStream<T>::fits(std::int64_t bytes, const RowStreamOptions& options) const {
  if (bytes <= options.kept_unasked) return true;
  if (options.most_kept > 0 && bytes > options.most_kept) return false;
  const std::int64_t free = free_beside(*context_, options.needed_beside);
  return bytes <= free - free / kPart;
}

// What is free may be in pieces, or be taken by another thread meanwhile: then rows stream.
template <class T>
void RowStream<T>::keep(std::int64_t bytes) {
  if (bytes == 0) return;
  try {
    values_ = DeviceBuffer<T>(*context_, n_ * d_);
  } catch (const OutOfMemory&) {
    return;
  }
  upload_rows(*context_, host_, values_.data());
  x_ = values_.data();
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
void RowStream<T>::for_each_block(const Work& work) {
  if (pipe_ != nullptr) {
    const auto pack = [&](std::int64_t first, std::int64_t rows, T* to) {
      if (host_.stride() == d_) {
        std::memcpy(to, host_.data() + first * d_, static_cast<std::size_t>(rows * d_) * sizeof(T));
        return;
      }
      for (std::int64_t i = 0; i < rows; ++i, to += d_) std::copy_n(host_.row(first + i).data(), d_, to);
    };
    pump(n_, pack, work);
    return;
  }
  for (std::int64_t first = 0; first < n_; first += block_rows_) {
    work({x_ + first * d_, first, std::min(block_rows_, n_ - first)});
  }
}

template <class T>
void RowStream<T>::for_each_picked(std::span<const std::int64_t> index, const Work& work) {
  const auto pack = [&](std::int64_t first, std::int64_t rows, T* to) {
    for (const std::int64_t row : index.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(rows))) {
      to = std::copy_n(host_.row(row).data(), d_, to);
    }
  };
  pump(std::ssize(index), pack, work);
}

template <class T>
template <class Pack>
void RowStream<T>::fill(int place, std::int64_t first, std::int64_t rows, const Pack& pack) {
  const auto at = static_cast<std::size_t>(place);
  T* const staged = pipe_->staged[at].data();
  pipe_->copied[at].synchronize();
  pack(first, rows, staged);
  pipe_->used[at].wait(pipe_->copying.get());
  FORJA_CUDA_CHECK(cudaMemcpyAsync(pipe_->blocks[at].data(), staged, static_cast<std::size_t>(rows * d_) * sizeof(T),
                                   cudaMemcpyHostToDevice, pipe_->copying.get()));
  pipe_->copied[at].record(pipe_->copying.get());
}

// The next block is filled before this one is worked on: `work` may wait for its results.
template <class T>
template <class Pack>
void RowStream<T>::pump(std::int64_t count, const Pack& pack, const Work& work) {
  if (count == 0) return;
  try {
    fill(next_, 0, std::min(block_rows_, count), pack);
    for (std::int64_t first = 0; first < count; first += block_rows_) {
      const int place = next_;
      const auto at = static_cast<std::size_t>(place);
      next_ = 1 - place;
      const std::int64_t after = first + block_rows_;
      if (after < count) fill(next_, after, std::min(block_rows_, count - after), pack);
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

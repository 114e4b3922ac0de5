#include "svm/kernel_rows.h"

#include <algorithm>

#include "runtime/device_rows.h"
#include "runtime/launch.h"
#include "svm/kernel_tiles.cuh"

namespace forja::cuda {

template <class T>
DeviceBuffer<T> kernel_shift(const Context& context, const formulas::KernelFunction<T>& kernel, const T* x,
                             std::int64_t rows, std::int64_t d) {
  constexpr std::int64_t kSample = 1024;
  if (!kernel.shift_free() || rows == 0) return {};
  DeviceBuffer<T> means(context, d);
  const std::int64_t step = std::max<std::int64_t>(rows / kSample, 1);
  launch(sample_means<T>, blocks((d + kSvmThreads - 1) / kSvmThreads), dim3(kSvmThreads), 0, context.stream(), x, rows,
         d, step, means.data());
  return means;
}

template <class T>
KernelRows<T>::KernelRows(const Context& context, const T* x, std::int64_t rows, std::int64_t d,
                          const DeviceBuffer<T>& shift)
    : moved_(context, shift.size() > 0 ? rows * d : 0),
      squares_(context, rows),
      x_(shift.size() > 0 ? moved_.data() : x),
      d_(d) {
  constexpr std::int64_t kRowsOfBlock = kSvmThreads / kWarp;
  launch(move_rows<T>, blocks((rows + kRowsOfBlock - 1) / kRowsOfBlock), dim3(kSvmThreads), 0, context.stream(), x,
         rows, d, shift.data(), moved_.data(), squares_.data());
}

template <class T>
const T* dense_rows(const Context& context, const Rows<T>& x, DeviceBuffer<T>& own) {
  if (x.on_device() != nullptr) return rows_on_device(x);
  own = DeviceBuffer<T>(context, row_count(x) * column_count(x));
  upload_rows(context, *x.host(), own.data());
  return own.data();
}

#define FORJA_INSTANTIATE(T)                                                                                        \
  template DeviceBuffer<T> kernel_shift(const Context&, const formulas::KernelFunction<T>&, const T*, std::int64_t, \
                                        std::int64_t);                                                              \
  template class KernelRows<T>;                                                                                     \
  template const T* dense_rows(const Context&, const Rows<T>&, DeviceBuffer<T>&);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::cuda

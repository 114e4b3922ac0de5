#include "svm/svm_predictor.h"

#include <algorithm>

#include "runtime/device_rows.h"
#include "runtime/threads.h"

namespace forja::cpu {
template <class T>
CpuSvmPredictor<T>::CpuSvmPredictor(const compute::SvmSupport<T>& support, const formulas::KernelFunction<T>& kernel,
                                    int threads)
    : kernel_(kernel),
      threads_(threads),
      vectors_(support.vectors),
      shift_(kernel.shift_free() ? column_means(MatrixView<const T>(vectors_), threads) : std::vector<T>()),
      picks_(support.picks.begin(), support.picks.end()),
      ends_(support.ends.begin(), support.ends.end()),
      weights_(support.weights),
      rows_(vectors_, std::span<const T>(shift_), threads) {}

template <class T>
void CpuSvmPredictor<T>::sum_given(MatrixView<const T> x, MatrixView<double> out) const {
  const Chunks chunks{x.rows(), 64};
  for_each_chunk(threads_, chunks.number(), [&](std::int64_t chunk, int) {
    for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) {
      std::int64_t begin = 0;
      for (std::int64_t s = 0; s < std::ssize(ends_); begin = ends_[static_cast<std::size_t>(s++)]) {
        for (std::int64_t r = 0; r < weights_.rows(); ++r) {
          double sum = 0;
          for (std::int64_t v = begin; v < ends_[static_cast<std::size_t>(s)]; ++v) {
            sum += weights_(r, v) * static_cast<double>(x(i, picks_[static_cast<std::size_t>(v)]));
          }
          out(i, s * weights_.rows() + r) = sum;
        }
      }
    }
  });
}

template <class T>
void CpuSvmPredictor<T>::sum(const Rows<T>& x, MatrixView<double> out) {
  const MatrixView<const T> view = host_view(x);
  if (kernel_.kind == formulas::KernelKind::precomputed) {
    sum_given(view, out);
    return;
  }
  for (std::int64_t i = 0; i < out.rows(); ++i) std::fill_n(out.data() + i * out.stride(), out.columns(), 0.0);
  const std::vector<std::int64_t> vectors = numbers_below(vectors_.rows());
  constexpr std::int64_t kRowsMoved = 8192;  // at a time: what is moved takes no memory of the size of x
  for (std::int64_t first = 0; first < view.rows(); first += kRowsMoved) {
    const std::int64_t count = std::min(kRowsMoved, view.rows() - first);
    const KernelRows<T> rows(view.middle_rows(first, count), std::span<const T>(shift_), threads_);
    kernel_sums(kernel_, rows, std::span<const std::int64_t>(numbers_below(count)), rows_,
                std::span<const std::int64_t>(vectors), std::span<const std::int64_t>(ends_), weights_.view(),
                out.middle_rows(first, count), threads_);
  }
}

template class CpuSvmPredictor<float>;
template class CpuSvmPredictor<double>;

}  // namespace forja::cpu

#include "linear/linear_predictor.h"

#include "runtime/device_rows.h"
#include "runtime/threads.h"

namespace forja::cpu {

template <class T>
void CpuLinearPredictor<T>::predict(const Rows<T>& x, MatrixView<T> out) {
  const MatrixView<const T> view = host_view(x);
  const Chunks chunks{view.rows(), 256};
  for_each_chunk(threads_, chunks.number(), [&](std::int64_t chunk, int) {
    for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) {
      const T* row = view.data() + i * view.stride();
      for (std::int64_t t = 0; t < coef_.rows(); ++t) {
        const double* coef = coef_.data() + t * view.columns();
        double sum = 0;
#pragma omp simd reduction(+ : sum)
        for (std::int64_t j = 0; j < view.columns(); ++j) sum += static_cast<double>(row[j]) * coef[j];
        out(i, t) = static_cast<T>(sum + intercept_[static_cast<std::size_t>(t)]);
      }
    }
  });
}

template class CpuLinearPredictor<float>;
template class CpuLinearPredictor<double>;

}  // namespace forja::cpu

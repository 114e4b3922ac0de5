#include "kmeans/centers.h"

#include "kmeans/cluster_kernels.cuh"
#include "kmeans/nearest_kernels.cuh"
#include "runtime/launch.h"

namespace forja::cuda {

template <class T>
void Centers<T>::upload(const Context& context, MatrixView<const double> centers, const Centring<T>& centring) {
  std::vector<T> inside(static_cast<std::size_t>(k_ * d_));
  for (std::int64_t c = 0; c < k_; ++c) {
    for (std::int64_t j = 0; j < d_; ++j) {
      inside[static_cast<std::size_t>(c * d_ + j)] = centring.inside(centers(c, j), static_cast<std::size_t>(j));
    }
  }
  values_.upload(inside);
  measure(context);
}

template <class T>
Matrix<double> Centers<T>::download(const Centring<T>& centring) const {
  std::vector<T> inside(static_cast<std::size_t>(k_ * d_));
  values_.download(inside);
  Matrix<double> result(k_, d_);
  for (std::int64_t c = 0; c < k_; ++c) {
    for (std::int64_t j = 0; j < d_; ++j) {
      result(c, j) = centring.outside(inside[static_cast<std::size_t>(c * d_ + j)], static_cast<std::size_t>(j));
    }
  }
  return result;
}

template <class T>
void Centers<T>::measure(const Context& context) {
  launch(square_centers<T>, blocks(k_), kBlock, 0, context.stream(), values_.data(), d_, squares_.data());
  launch(sum_records<T>, blocks(1), kBlock, 0, context.stream(), nullptr, squares_.data(), k_, nullptr,
         largest_norm_.data());
}

template <class T>
void find_nearest(const Context& context, const NearestTask<T>& task) {
  launch(nearest_by_scores<T>, blocks((task.slots + kTileRows - 1) / kTileRows), dim3(kNearestThreads), 0,
         context.stream(), task);
  launch(settle_open_rows<T>, blocks(row_blocks(task.slots)), kBlock, 0, context.stream(), task);
}

template class Centers<float>;
template class Centers<double>;
template void find_nearest(const Context&, const NearestTask<float>&);
template void find_nearest(const Context&, const NearestTask<double>&);

}  // namespace forja::cuda

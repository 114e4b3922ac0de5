#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "kmeans/training_rows.h"

namespace forja::cuda {

/// Slots of a mini-batch step, as kernels take them.
template <class T>
struct BatchPart {
  RowsView<T> rows;
  const T* norms = nullptr;             ///< of rows
  const std::int64_t* index = nullptr;  ///< the row of each slot; null: slot and row are one
  std::int64_t slots = 0;
};

/// The rows that mini-batch steps draw: where rows stream, the host draws the same ones and sends them alone.
template <class T>
class MiniBatch {
 public:
  /// For steps of batch_size rows each, > 0.
  void make_room(const Context& context, std::int64_t batch_size);
  /// Calls work(part) for the parts of a step's batch, one after the other; *square becomes the sum of weight x
  /// ||x'||^2.
  void for_each_part(const Context& context, TrainingRows<T>& rows, std::uint64_t seed, std::int64_t step,
                     double* square, const std::function<void(const BatchPart<T>&)>& work);

 private:
  DeviceBuffer<std::int64_t> index_;
  DeviceBuffer<double> squares_;  ///< by block of draw_batch
  std::vector<std::int64_t> drawn_;
};

}  // namespace forja::cuda

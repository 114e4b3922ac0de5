#include "kmeans/mini_batch.h"

#include "kmeans/cluster_kernels.cuh"
#include "runtime/launch.h"

namespace forja::cuda {
namespace {

constexpr std::int64_t kSlotsPerBlock = kRowBlock / kWarp;

std::int64_t slot_blocks(std::int64_t slots) { return (slots + kSlotsPerBlock - 1) / kSlotsPerBlock; }

}  // namespace

template <class T>
void MiniBatch<T>::make_room(const Context& context, std::int64_t batch_size) {
  if (index_.size() == batch_size) return;
  squares_ = DeviceBuffer<double>(context, slot_blocks(batch_size));
  index_ = DeviceBuffer<std::int64_t>(context, batch_size);
}

template <class T>
void MiniBatch<T>::for_each_part(const Context& context, TrainingRows<T>& rows, std::uint64_t seed, std::int64_t step,
                                 double* square, const std::function<void(const BatchPart<T>&)>& work) {
  const auto measure = [&](const RowsView<T>& from, std::int64_t slots, std::int64_t* index, double* squares) {
    launch(draw_batch<T>, blocks(slot_blocks(slots)), kBlock, 0, context.stream(), from, seed, step, slots, index,
           squares);
  };
  const std::int64_t batch_size = index_.size();
  if (rows.view().x != nullptr) {
    measure(rows.view(), batch_size, index_.data(), squares_.data());
    work({rows.view(), rows.norms(), index_.data(), batch_size});
  } else {
    drawn_.clear();
    for (std::int64_t slot = 0; slot < batch_size; ++slot) {
      drawn_.push_back(formulas::batch_row(seed, step, slot, rows.rows()));
    }
    rows.for_each_picked(drawn_, [&](const RowsView<T>& part, const T* norms, std::int64_t first) {
      measure(part, part.n, nullptr, squares_.data() + first / kSlotsPerBlock);
      work({part, norms, nullptr, part.n});
    });
  }
  launch(sum_numbers<double>, blocks(1), dim3(kSumThreads), 0, context.stream(), squares_.data(), squares_.size(),
         square);
}

template class MiniBatch<float>;
template class MiniBatch<double>;

}  // namespace forja::cuda

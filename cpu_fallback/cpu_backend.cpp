#include "boosting/binned_rows.h"
#include "boosting/boosting_compute.h"
#include "boosting/predictor.h"
#include "compute/backend.h"
#include "decomposition/affine_map.h"
#include "decomposition/decomposition_compute.h"
#include "decomposition/sparse_map.h"
#include "kmeans/kmeans_compute.h"
#include "kmeans/kmeans_predictor.h"
#include "kmeans/silhouette.h"
#include "linear/descent.h"
#include "linear/dual.h"
#include "linear/linear_compute.h"
#include "linear/linear_predictor.h"
#include "runtime/device_rows.h"
#include "runtime/machine.h"
#include "runtime/threads.h"
#include "runtime/within_memory.h"
#include "svm/kernel_rows.h"
#include "svm/svm_compute.h"
#include "svm/svm_predictor.h"

namespace forja::cpu {
namespace {

template <class T>
class CpuFamilies final : public compute::BackendFor<T> {
 public:
  std::shared_ptr<const compute::DeviceRows<T>> upload(compute::Place place, MatrixView<const T> x) const override {
    return within_memory("DeviceMatrix", x.rows() * x.columns() * static_cast<std::int64_t>(sizeof(T)),
                         [&] { return std::make_shared<const CpuRows<T>>(x, thread_count(place.threads)); });
  }

  std::unique_ptr<compute::DecompositionCompute<T>> make_decomposition(compute::Place place, const Rows<T>& x,
                                                                       bool centred) const override {
    return within_memory("a decomposition", x.columns() * static_cast<std::int64_t>(sizeof(double)), [&] {
      return std::make_unique<CpuDecomposition<T>>(host_view(x), centred, thread_count(place.threads));
    });
  }

  std::unique_ptr<compute::AffineMap<T>> make_affine_map(compute::Place place, std::span<const double> shift,
                                                         MatrixView<const double> w,
                                                         std::span<const double> offset) const override {
    return within_memory("a transform", w.rows() * w.columns() * static_cast<std::int64_t>(sizeof(T)), [&] {
      return std::make_unique<CpuAffineMap<T>>(shift, w, offset, thread_count(place.threads));
    });
  }

  std::unique_ptr<compute::AffineMap<T>> make_sparse_map(compute::Place place,
                                                         const compute::SparseRows<T>& w) const override {
    return within_memory("a transform", std::ssize(w.values) * static_cast<std::int64_t>(sizeof(T)),
                         [&] { return std::make_unique<CpuSparseMap<T>>(w, thread_count(place.threads)); });
  }

  std::unique_ptr<compute::KMeansCompute<T>> make_kmeans(compute::Place place, const Rows<T>& x,
                                                         std::span<const T> sample_weight) const override {
    return within_memory("k-means", x.rows() * static_cast<std::int64_t>(sizeof(T)), [&] {
      return std::make_unique<CpuKMeans<T>>(host_view(x), sample_weight, thread_count(place.threads));
    });
  }

  std::unique_ptr<compute::KMeansPredictor<T>> make_kmeans_predictor(compute::Place place,
                                                                     MatrixView<const double> centers) const override {
    return within_memory("k-means", centers.rows() * centers.columns() * static_cast<std::int64_t>(sizeof(T)),
                         [&] { return std::make_unique<CpuKMeansPredictor<T>>(centers, thread_count(place.threads)); });
  }

  std::vector<double> silhouette_samples(compute::Place place, const Rows<T>& x, std::span<const std::int32_t> labels,
                                         std::int64_t k) const override {
    return within_memory("silhouette", x.rows() * static_cast<std::int64_t>(sizeof(double)), [&] {
      return cpu::silhouette_samples<T>(host_view(x), labels, k, thread_count(place.threads));
    });
  }

  std::unique_ptr<compute::LinearCompute<T>> make_linear(compute::Place place, const Rows<T>& x, MatrixView<const T> y,
                                                         std::span<const T> sample_weight) const override {
    return std::make_unique<CpuLinear<T>>(host_view(x), y, sample_weight, thread_count(place.threads));
  }

  std::unique_ptr<compute::DescentCompute<T>> make_descent(compute::Place place, const Rows<T>& x,
                                                           MatrixView<const T> y, std::span<const T> sample_weight,
                                                           const compute::DescentPlan<T>& plan) const override {
    return std::make_unique<CpuDescent<T>>(host_view(x), y, sample_weight, plan, thread_count(place.threads));
  }

  std::unique_ptr<compute::DualCompute<T>> make_dual(compute::Place place, const Rows<T>& x, MatrixView<const T> y,
                                                     std::span<const T> factors,
                                                     const compute::DualPlan& plan) const override {
    return std::make_unique<CpuDual<T>>(host_view(x), y, factors, plan, thread_count(place.threads));
  }

  std::unique_ptr<compute::LinearPredictor<T>> make_linear_predictor(compute::Place place,
                                                                     MatrixView<const double> coef,
                                                                     std::span<const double> intercept) const override {
    return std::make_unique<CpuLinearPredictor<T>>(coef, intercept, thread_count(place.threads));
  }

  std::unique_ptr<compute::SvmCompute<T>> make_svm(compute::Place place, const Rows<T>& x,
                                                   const formulas::KernelFunction<T>& kernel,
                                                   const compute::SvmPlan& plan) const override {
    return within_memory("a kernel machine", x.rows() * x.columns() * static_cast<std::int64_t>(sizeof(T)), [&] {
      return std::make_unique<CpuSvm<T>>(host_view(x), kernel, plan, thread_count(place.threads));
    });
  }

  std::unique_ptr<compute::SvmPredictor<T>> make_svm_predictor(
      compute::Place place, const compute::SvmSupport<T>& support,
      const formulas::KernelFunction<T>& kernel) const override {
    return std::make_unique<CpuSvmPredictor<T>>(support, kernel, thread_count(place.threads));
  }

  void kernel_matrix(compute::Place place, const formulas::KernelFunction<T>& kernel, const Rows<T>& a,
                     const Rows<T>& b, MatrixView<T> out) const override {
    cpu::kernel_matrix(kernel, host_view(a), host_view(b), out, thread_count(place.threads));
  }

  std::shared_ptr<const compute::BinnedRows> bin(compute::Place place, const Rows<T>& x,
                                                 const compute::BinTable& table) const override {
    return within_memory("boosting", 2 * x.rows() * x.columns(), [&] {
      return std::make_shared<const CpuBinnedRows>(host_view(x), table, thread_count(place.threads));
    });
  }

  std::unique_ptr<compute::BoostingCompute> make_boosting(compute::Place place,
                                                          std::shared_ptr<const compute::BinnedRows> x,
                                                          const compute::BoostingPlan& plan) const override {
    const std::int64_t bytes = x->rows() * plan.outputs * static_cast<std::int64_t>(4 * sizeof(double));
    return within_memory("boosting", bytes, [&] {
      return std::make_unique<CpuBoosting>(std::static_pointer_cast<const CpuBinnedRows>(x), plan,
                                           thread_count(place.threads));
    });
  }

  std::unique_ptr<compute::BoostingPredictor<T>> make_boosting_predictor(compute::Place place,
                                                                         const compute::Forest& forest) const override {
    return std::make_unique<CpuBoostingPredictor<T>>(forest, thread_count(place.threads));
  }
};

class CpuBackend final : public compute::Backend {
 public:
  std::string_view name() const override { return "cpu"; }
  int device_count() const override { return 1; }
  std::string description(int) const override { return processor_name(); }
  DeviceMemory memory(int) const override {
    const MemoryState state = memory_state();
    return {state.total, state.available, bytes_in_use()};
  }
  void set_memory_limit(int, std::int64_t) const override {
    throw InvalidArgument("Device::set_memory_limit: the CPU's memory has no limit of forja's own");
  }
  const compute::BackendFor<float>& float_families() const override { return float_families_; }
  const compute::BackendFor<double>& double_families() const override { return double_families_; }

 private:
  CpuFamilies<float> float_families_;
  CpuFamilies<double> double_families_;
};

}  // namespace
}  // namespace forja::cpu

namespace forja::compute {

const Backend& cpu_backend() {
  static const cpu::CpuBackend backend;
  return backend;
}

}  // namespace forja::compute

#include "boosting/binned_rows.h"
#include "boosting/boosting_compute.h"
#include "boosting/boosting_predictor.h"
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
#include "runtime/context.h"
#include "runtime/device_rows.h"
#include "svm/svm_compute.h"
#include "svm/svm_predictor.h"

namespace forja::cuda {
namespace {

template <class T>
class CudaFamilies final : public compute::BackendFor<T> {
 public:
  std::shared_ptr<const compute::DeviceRows<T>> upload(compute::Place place, MatrixView<const T> x) const override {
    return std::make_shared<const CudaRows<T>>(place.index, x);
  }

  std::unique_ptr<compute::DecompositionCompute<T>> make_decomposition(compute::Place place, const Rows<T>& x,
                                                                       bool centred) const override {
    return std::make_unique<CudaDecomposition<T>>(place.index, x, centred);
  }

  std::unique_ptr<compute::AffineMap<T>> make_affine_map(compute::Place place, std::span<const double> shift,
                                                         MatrixView<const double> w,
                                                         std::span<const double> offset) const override {
    return std::make_unique<CudaAffineMap<T>>(place.index, shift, w, offset);
  }

  std::unique_ptr<compute::AffineMap<T>> make_sparse_map(compute::Place place,
                                                         const compute::SparseRows<T>& w) const override {
    return std::make_unique<CudaSparseMap<T>>(place.index, w);
  }

  std::unique_ptr<compute::KMeansCompute<T>> make_kmeans(compute::Place place, const Rows<T>& x,
                                                         std::span<const T> sample_weight) const override {
    return std::make_unique<CudaKMeans<T>>(place.index, x, sample_weight);
  }

  std::unique_ptr<compute::KMeansPredictor<T>> make_kmeans_predictor(compute::Place place,
                                                                     MatrixView<const double> centers) const override {
    return std::make_unique<CudaKMeansPredictor<T>>(place.index, centers);
  }

  std::vector<double> silhouette_samples(compute::Place place, const Rows<T>& x, std::span<const std::int32_t> labels,
                                         std::int64_t k) const override {
    return cuda::silhouette_samples<T>(place.index, x, labels, k);
  }

  std::unique_ptr<compute::LinearCompute<T>> make_linear(compute::Place place, const Rows<T>& x, MatrixView<const T> y,
                                                         std::span<const T> sample_weight) const override {
    return std::make_unique<CudaLinear<T>>(place.index, x, y, sample_weight);
  }

  std::unique_ptr<compute::DescentCompute<T>> make_descent(compute::Place place, const Rows<T>& x,
                                                           MatrixView<const T> y, std::span<const T> sample_weight,
                                                           const compute::DescentPlan<T>& plan) const override {
    return std::make_unique<CudaDescent<T>>(place.index, x, y, sample_weight, plan);
  }

  std::unique_ptr<compute::DualCompute<T>> make_dual(compute::Place place, const Rows<T>& x, MatrixView<const T> y,
                                                     std::span<const T> factors,
                                                     const compute::DualPlan& plan) const override {
    return std::make_unique<CudaDual<T>>(place.index, x, y, factors, plan);
  }

  std::unique_ptr<compute::LinearPredictor<T>> make_linear_predictor(compute::Place place,
                                                                     MatrixView<const double> coef,
                                                                     std::span<const double> intercept) const override {
    return std::make_unique<CudaLinearPredictor<T>>(place.index, coef, intercept);
  }

  std::unique_ptr<compute::SvmCompute<T>> make_svm(compute::Place place, const Rows<T>& x,
                                                   const formulas::KernelFunction<T>& kernel,
                                                   const compute::SvmPlan& plan) const override {
    return std::make_unique<CudaSvm<T>>(place.index, x, kernel, plan);
  }

  std::unique_ptr<compute::SvmPredictor<T>> make_svm_predictor(
      compute::Place place, const compute::SvmSupport<T>& support,
      const formulas::KernelFunction<T>& kernel) const override {
    return std::make_unique<CudaSvmPredictor<T>>(place.index, support, kernel);
  }

  void kernel_matrix(compute::Place place, const formulas::KernelFunction<T>& kernel, const Rows<T>& a,
                     const Rows<T>& b, MatrixView<T> out) const override {
    cuda::kernel_matrix(place.index, kernel, a, b, out);
  }

  std::shared_ptr<const compute::BinnedRows> bin(compute::Place place, const Rows<T>& x,
                                                 const compute::BinTable& table) const override {
    return std::make_shared<const CudaBinnedRows>(place.index, x, table);
  }

  std::unique_ptr<compute::BoostingCompute> make_boosting(compute::Place place,
                                                          std::shared_ptr<const compute::BinnedRows> x,
                                                          const compute::BoostingPlan& plan) const override {
    return std::make_unique<CudaBoosting>(place.index, std::static_pointer_cast<const CudaBinnedRows>(std::move(x)),
                                          plan);
  }

  std::unique_ptr<compute::BoostingPredictor<T>> make_boosting_predictor(compute::Place place,
                                                                         const compute::Forest& forest) const override {
    return std::make_unique<CudaBoostingPredictor<T>>(place.index, forest);
  }
};

class CudaBackend final : public compute::Backend {
 public:
  std::string_view name() const override { return "cuda"; }
  int device_count() const override { return cuda::device_count(); }
  std::string description(int index) const override { return device_name(index); }
  DeviceMemory memory(int index) const override { return cuda::memory(index); }
  void set_memory_limit(int index, std::int64_t bytes) const override { cuda::set_memory_limit(index, bytes); }
  const compute::BackendFor<float>& float_families() const override { return float_families_; }
  const compute::BackendFor<double>& double_families() const override { return double_families_; }

 private:
  CudaFamilies<float> float_families_;
  CudaFamilies<double> double_families_;
};

}  // namespace
}  // namespace forja::cuda

/// The library's one symbol: see compute::BackendEntry.
extern "C" FORJA_API const forja::compute::Backend* forja_backend(std::uint32_t abi) {
  static const forja::cuda::CudaBackend backend;
  return abi == forja::compute::kBackendAbi ? &backend : nullptr;
}

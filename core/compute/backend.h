#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "compute/boosting_compute.h"
#include "compute/decomposition_compute.h"
#include "compute/descent_compute.h"
#include "compute/dual_compute.h"
#include "compute/kmeans_compute.h"
#include "compute/linear_compute.h"
#include "compute/svm_compute.h"
#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/matrix.h"

namespace forja::compute {

/// Rows that a backend keeps on one of its devices. Only that backend looks inside.
template <class T>
class DeviceRows {
 public:
  virtual ~DeviceRows() = default;
  virtual std::int64_t rows() const = 0;
  virtual std::int64_t columns() const = 0;
  /// Copies them into `out`, of the same shape.
  virtual void download(MatrixView<T> out) const = 0;
};

/// Which device of a backend, and with how many threads (CPU; 0: all that the process may use).
struct Place {
  int index = 0;
  int threads = 0;
};

/// The families of one backend for one storage type. Arguments have been checked above: a backend throws only
/// OutOfMemory and DeviceUnavailable. Views and spans handed to a make_ function outlive what it makes, but for
/// centres and coefficients; Rows on a device are on the device of the same Place.
template <class T>
class BackendFor {
 public:
  virtual ~BackendFor() = default;

  virtual std::shared_ptr<const DeviceRows<T>> upload(Place place, MatrixView<const T> x) const = 0;

  /// centred: by the columns' means.
  virtual std::unique_ptr<DecompositionCompute<T>> make_decomposition(Place place, const Rows<T>& x,
                                                                      bool centred) const = 0;
  /// shift: as many as w has rows; offset: as many as w has columns. Nothing of them is kept.
  virtual std::unique_ptr<AffineMap<T>> make_affine_map(Place place, std::span<const double> shift,
                                                        MatrixView<const double> w,
                                                        std::span<const double> offset) const = 0;

  /// y = x W' for sparse rows W (k x d), each entry a sum of T in the order of W's columns. Nothing of W is kept.
  virtual std::unique_ptr<AffineMap<T>> make_sparse_map(Place place, const SparseRows<T>& w) const = 0;

  /// sample_weight: n values or empty (all one).
  virtual std::unique_ptr<KMeansCompute<T>> make_kmeans(Place place, const Rows<T>& x,
                                                        std::span<const T> sample_weight) const = 0;
  /// centers: k x d.
  virtual std::unique_ptr<KMeansPredictor<T>> make_kmeans_predictor(Place place,
                                                                    MatrixView<const double> centers) const = 0;
  /// The silhouette of each row; labels: 0 .. k - 1, each at least once; k >= 2. A row alone in its cluster: 0.
  virtual std::vector<double> silhouette_samples(Place place, const Rows<T>& x, std::span<const std::int32_t> labels,
                                                 std::int64_t k) const = 0;

  /// y: n x t; sample_weight: n values or empty (all one).
  virtual std::unique_ptr<LinearCompute<T>> make_linear(Place place, const Rows<T>& x, MatrixView<const T> y,
                                                        std::span<const T> sample_weight) const = 0;
  /// The same for descent; y: n x t.
  virtual std::unique_ptr<DescentCompute<T>> make_descent(Place place, const Rows<T>& x, MatrixView<const T> y,
                                                          std::span<const T> sample_weight,
                                                          const DescentPlan<T>& plan) const = 0;
  /// y: n x t; factors: n values >= 0.
  virtual std::unique_ptr<DualCompute<T>> make_dual(Place place, const Rows<T>& x, MatrixView<const T> y,
                                                    std::span<const T> factors, const DualPlan& plan) const = 0;
  /// coef: t x d; intercept: t.
  virtual std::unique_ptr<LinearPredictor<T>> make_linear_predictor(Place place, MatrixView<const double> coef,
                                                                    std::span<const double> intercept) const = 0;

  /// kernel precomputed: x has the kernel of all rows with all rows.
  virtual std::unique_ptr<SvmCompute<T>> make_svm(Place place, const Rows<T>& x,
                                                  const formulas::KernelFunction<T>& kernel,
                                                  const SvmPlan& plan) const = 0;
  virtual std::unique_ptr<SvmPredictor<T>> make_svm_predictor(Place place, const SvmSupport<T>& support,
                                                              const formulas::KernelFunction<T>& kernel) const = 0;
  /// out(i, j) = K(a_i, b_j), not of precomputed. Synchronises.
  virtual void kernel_matrix(Place place, const formulas::KernelFunction<T>& kernel, const Rows<T>& a, const Rows<T>& b,
                             MatrixView<T> out) const = 0;

  /// Bins of x by the table, which is copied.
  virtual std::shared_ptr<const BinnedRows> bin(Place place, const Rows<T>& x, const BinTable& table) const = 0;
  /// x: made by this backend, of either storage type.
  virtual std::unique_ptr<BoostingCompute> make_boosting(Place place, std::shared_ptr<const BinnedRows> x,
                                                         const BoostingPlan& plan) const = 0;
  virtual std::unique_ptr<BoostingPredictor<T>> make_boosting_predictor(Place place, const Forest& forest) const = 0;
};

/// One implementation of every family for one kind of device.
class Backend {
 public:
  virtual ~Backend() = default;
  /// "cpu" or "cuda".
  virtual std::string_view name() const = 0;
  virtual int device_count() const = 0;
  /// The maker's name of a device.
  virtual std::string description(int index) const = 0;
  virtual DeviceMemory memory(int index) const = 0;
  /// 0: no limit.
  virtual void set_memory_limit(int index, std::int64_t bytes) const = 0;

  virtual const BackendFor<float>& float_families() const = 0;
  virtual const BackendFor<double>& double_families() const = 0;

  template <class T>
  const BackendFor<T>& families() const {
    if constexpr (std::is_same_v<T, float>) {
      return float_families();
    } else {
      return double_families();
    }
  }
};

/// Changes with every change of what crosses the library boundary: this file, the <family>_compute.h, forja/*.h.
inline constexpr std::uint32_t kBackendAbi = 12;

/// The one symbol of a backend library: returns null when `abi` is not the library's own kBackendAbi.
using BackendEntry = const Backend* (*)(std::uint32_t abi);
inline constexpr const char* kBackendEntrySymbol = "forja_backend";

/// The CPU, always there.
const Backend& cpu_backend();

/// CUDA, or null where it is not to be had: cuda_loaded.cpp or cuda_linked.cpp.
const Backend* cuda_backend();

/// Every backend of this process with at least one device, best first. Opens the CUDA library on the first call.
const std::vector<const Backend*>& backends();

/// Opens a backend library by path, for tests. Throws DeviceUnavailable with the loader's words.
const Backend& open_backend(const std::string& path);

}  // namespace forja::compute

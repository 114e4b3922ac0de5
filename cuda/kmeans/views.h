#pragma once

#include <cstdint>

/// What kernels get of the rows and of the centres: plain pointers into device memory and sizes.
namespace forja::cuda {

/// n x d rows as they were given, and how they are used: x' = (x - shift) * scale.
template <class T>
struct RowsView {
  const T* x = nullptr;
  const T* shift = nullptr;
  const T* weight = nullptr;  ///< null: all one
  std::int64_t n = 0;
  std::int64_t d = 0;
  T scale = 1;
};

/// k centres c', row-major, and what scores need of them.
template <class T>
struct CentersView {
  const T* values = nullptr;
  const T* squares = nullptr;       ///< ||c'||^2
  const T* largest_norm = nullptr;  ///< one number, an upper bound on every ||c'||
  std::int64_t k = 0;
  std::int64_t d = 0;
};

/// The powers of two by which weighted entries and weights become integers, and back.
struct FixedPointView {
  const double* scale = nullptr;    ///< one per column
  const double* inverse = nullptr;  ///< one per column
  double weight_scale = 1;
  double weight_inverse = 1;
};

/// Integer sums: atomics in any order give the same bits.
struct SumsView {
  unsigned long long* sums = nullptr;     ///< k x d
  unsigned long long* weights = nullptr;  ///< k
};

/// What one cluster adds to a pass's results.
struct ClusterRecord {
  double cost;    ///< weight x ||c||^2 - 2 c . sum under the centre before
  double shift;   ///< ||proposed - current||^2
  double weight;  ///< 0: empty
};

}  // namespace forja::cuda

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

/// Per row, a bound from above on the distance to its own centre and one from below on the distance to any other.
template <class T>
struct BoundsView {
  T* upper = nullptr;  ///< null: not kept
  T* lower = nullptr;
};

/// How far centres have moved since the rows' bounds were brought up to date.
template <class T>
struct LargestDrifts {
  std::int64_t center;  ///< the one that moved most
  T most;
  T most_of_others;
};

/// Rows whose nearest centres are asked for.
template <class T>
struct NearestTask {
  RowsView<T> rows;
  CentersView<T> centers;
  const T* norms = nullptr;             ///< of rows, upper bounds
  const std::int64_t* index = nullptr;  ///< the row of each slot; null: slot and row are one
  std::int64_t slots = 0;
  const unsigned long long* count = nullptr;  ///< how many of the slots are filled; null: all
  std::int32_t* labels = nullptr;             ///< of slots; ~label where the scores left it open
  BoundsView<T> bounds = {};                  ///< of rows, to be set
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

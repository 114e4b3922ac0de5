#pragma once

#include "compute/decomposition_compute.h"

namespace forja::cpu {

template <class T>
class CpuSparseMap final : public compute::AffineMap<T> {
 public:
  CpuSparseMap(const compute::SparseRows<T>& w, int threads) : w_(w), threads_(threads) {}

  void apply(const Rows<T>& x, MatrixView<T> y) override;

 private:
  compute::SparseRows<T> w_;
  int threads_;
};

}  // namespace forja::cpu

#pragma once

#include <span>
#include <vector>

#include "compute/decomposition_compute.h"
#include "decomposition/centred_rows.h"

namespace forja::cpu {

template <class T>
class CpuAffineMap final : public compute::AffineMap<T> {
 public:
  CpuAffineMap(std::span<const double> shift, MatrixView<const double> w, std::span<const double> offset, int threads);

  void apply(const Rows<T>& x, MatrixView<T> y) override;

 private:
  std::vector<double> shift_;
  RowMajor<T> w_;
  std::vector<double> offset_;
  int threads_;
};

}  // namespace forja::cpu

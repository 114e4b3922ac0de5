#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/linear_compute.h"

namespace forja::cpu {

template <class T>
class CpuLinearPredictor final : public compute::LinearPredictor<T> {
 public:
  CpuLinearPredictor(MatrixView<const double> coef, std::span<const double> intercept, int threads)
      : coef_(coef), intercept_(intercept.begin(), intercept.end()), threads_(threads) {}

  void predict(const Rows<T>& x, MatrixView<T> out) override;

 private:
  Matrix<double> coef_;
  std::vector<double> intercept_;
  int threads_;
};

}  // namespace forja::cpu

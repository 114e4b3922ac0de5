#pragma once

#include <svm.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "forja/matrix.h"

/// libsvm as tests call it.
namespace forja::testing {

/// Dense rows as libsvm takes them.
class LibsvmRows {
 public:
  explicit LibsvmRows(const Matrix<double>& x) {
    const auto width = static_cast<std::size_t>(x.columns() + 1);
    for (std::int64_t i = 0; i < x.rows(); ++i) {
      for (std::int64_t j = 0; j < x.columns(); ++j) nodes_.push_back({static_cast<int>(j + 1), x(i, j)});
      nodes_.push_back({-1, 0});
    }
    for (std::int64_t i = 0; i < x.rows(); ++i) rows_.push_back(nodes_.data() + static_cast<std::size_t>(i) * width);
  }
  LibsvmRows(const LibsvmRows&) = delete;
  LibsvmRows& operator=(const LibsvmRows&) = delete;

  std::vector<svm_node*>& rows() { return rows_; }

 private:
  std::vector<svm_node> nodes_;
  std::vector<svm_node*> rows_;
};

using LibsvmModel = std::unique_ptr<svm_model, void (*)(svm_model*)>;

inline LibsvmModel own_libsvm_model(svm_model* model) {
  return {model, [](svm_model* own) { svm_free_and_destroy_model(&own); }};
}

/// The model keeps pointers into rows.
inline LibsvmModel train_libsvm(LibsvmRows& rows, std::vector<double> targets, const svm_parameter& parameter) {
  svm_set_print_string_function([](const char*) {});
  const svm_problem problem{static_cast<int>(rows.rows().size()), targets.data(), rows.rows().data()};
  return own_libsvm_model(svm_train(&problem, &parameter));
}

}  // namespace forja::testing

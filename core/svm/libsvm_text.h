#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string_view>
#include <vector>

#include "forja/matrix.h"
#include "forja/svm.h"

/// libsvm's text files of models (svm_save_model).
namespace forja::core {

/// What such a file holds, in its own terms: pairs of classes in the order of `label`, decisions positive for the
/// first, less rho.
template <class T>
struct LibsvmText {
  SVMKernel kernel = SVMKernel::rbf;
  std::int64_t degree = 3;
  double gamma = 1;
  double coef0 = 0;
  std::int64_t nr_class = 2;
  std::vector<double> rho;
  std::vector<std::int32_t> label;    ///< of a classifier
  std::vector<double> prob_a;         ///< one for each rho, or empty
  std::vector<double> prob_b;         ///< of a classifier: the same
  std::vector<std::int64_t> nr_sv;    ///< of a classifier, by label
  Matrix<double> coef;                ///< (nr_class - 1) x total_sv
  Matrix<T> vectors;                  ///< total_sv x d; precomputed: empty
  std::vector<std::int64_t> numbers;  ///< precomputed: the row of fit, from 0, that each support vector is
  std::int64_t columns = 0;           ///< d; precomputed: one more than the greatest of numbers
};

/// svm_type: "c_svc" and so on.
template <class T>
void write_libsvm_text(std::ostream& out, std::string_view svm_type, const LibsvmText<T>& text);

/// Reads a file of this svm_type. n_features: columns, where given; else as many as the file names. Throws
/// ModelFormatError with the number of the line.
template <class T>
LibsvmText<T> read_libsvm_text(std::istream& in, std::string_view svm_type, std::optional<std::int64_t> n_features);

}  // namespace forja::core

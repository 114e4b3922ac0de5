#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <span>
#include <vector>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/linear_classifier.h"
#include "forja/matrix.h"
#include "forja/observer.h"
#include "forja/params.h"
#include "forja/sgd.h"

namespace forja {

/// Parameters of Perceptron.
struct PerceptronOptions {
  SGDPenalty penalty = SGDPenalty::none;            ///< none, l2, l1 or elasticnet
  bool fit_intercept = true;                        ///< whether to learn intercepts, never penalised
  double alpha = 1e-4;                              ///< the penalty's factor. At least 0
  double l1_ratio = 0.15;                           ///< of elasticnet, 0 to 1
  std::int64_t max_iter = 1000;                     ///< the most epochs. At least 1
  std::optional<double> tol = 1e-3;                 ///< least gain of an epoch that counts; empty: all epochs
  bool shuffle = true;                              ///< a new order of the rows in each epoch
  double eta0 = 1;                                  ///< the rate of all steps. Above 0
  std::uint64_t seed = 0;                           ///< the only source of chance
  bool early_stopping = false;                      ///< whether to judge epochs by rows held out
  double validation_fraction = 0.1;                 ///< how many of them. Above 0, below 1
  std::int64_t n_iter_no_change = 5;                ///< epochs without gain that end it. At least 1
  ClassWeight class_weight = ClassWeight::uniform;  ///< uniform or balanced
  ClassWeights class_weights = {};                  ///< of some classes, at least 0; not in Params
};

/// The perceptron (Rosenblatt 1958), one against the rest: a row on the wrong side moves the weights by
/// its columns, the others by nothing. SGDClassifier with the loss perceptron and a constant rate, and ends as that
/// does.
template <class T = float>
class FORJA_API Perceptron : public LinearClassifier<T> {
 public:
  explicit Perceptron(PerceptronOptions options = {}, Device device = Device::automatic());

  /// Learns from x (n x d) and n labels of at least two values. As SGDClassifier::fit.
  Perceptron& fit(const Rows<T>& x, std::span<const std::int32_t> y, std::span<const T> sample_weight = {},
                  Observer* observer = nullptr);
  /// One more epoch over these rows. As SGDClassifier::partial_fit.
  Perceptron& partial_fit(const Rows<T>& x, std::span<const std::int32_t> y, std::span<const std::int32_t> classes = {},
                          std::span<const T> sample_weight = {});

  /// As SGDReport has them.
  std::int64_t n_iter() const;
  bool converged() const;
  double loss() const;

  const PerceptronOptions& options() const { return options_; }
  Params get_params() const;
  Perceptron& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static Perceptron load(const std::filesystem::path& path, Device device = Device::automatic());
  static Perceptron load(std::istream& in, Device device = Device::automatic());

 private:
  Perceptron& take(std::vector<std::int32_t> classes, const SGDReport& report, SGDWeights weights);

  PerceptronOptions options_;
  SGDReport report_;
  SGDWeights weights_;
};

extern template class Perceptron<float>;
extern template class Perceptron<double>;

}  // namespace forja

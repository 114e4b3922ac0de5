#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <span>
#include <vector>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/matrix.h"
#include "forja/observer.h"
#include "forja/params.h"

namespace forja {

/// How k-means chooses its first centres.
class FORJA_API KMeansInit {
 public:
  enum class Method { kmeans_plus_plus, random, given };

  /// Greedy k-means++: each new centre is the best of 2 + floor(ln k) rows drawn with probability proportional to
  /// weight x squared distance to the nearest centre so far (Arthur and Vassilvitskii 2007).
  static KMeansInit kmeans_plus_plus() { return {Method::kmeans_plus_plus, {}}; }
  /// Different rows drawn at random, by weight.
  static KMeansInit random() { return {Method::random, {}}; }
  /// These centres, k x d.
  template <class T>
  static KMeansInit given(MatrixView<T> centers) {
    return {Method::given, Matrix<double>(centers)};
  }
  template <class T>
  static KMeansInit given(const Matrix<T>& centers) {
    return given(centers.view());
  }

  KMeansInit() = default;
  Method method() const { return method_; }
  const Matrix<double>& centers() const { return centers_; }
  friend bool operator==(const KMeansInit&, const KMeansInit&) = default;

 private:
  KMeansInit(Method method, Matrix<double> centers) : method_(method), centers_(std::move(centers)) {}
  Method method_ = Method::kmeans_plus_plus;
  Matrix<double> centers_;
};

/// How an iteration finds each row's nearest centre. Labels and centres are the same bits either way.
enum class KMeansAlgorithm {
  automatic,  ///< elkan where its bounds repay their memory, else lloyd
  lloyd,      ///< every row against every centre in each iteration
  elkan,      ///< bounds by the triangle inequality skip what cannot change (Elkan 2003; Ding et al. 2015)
};

/// Parameters of KMeans.
struct KMeansOptions {
  /// Number of clusters and centres. At least 1, at most the number of rows.
  std::int64_t n_clusters = 8;
  /// First centres: KMeansInit::kmeans_plus_plus(), random() or given(centers).
  KMeansInit init = {};
  /// Runs from different first centres, the one of least inertia is kept. At least 1. Empty ("auto"): 1 for k-means++
  /// and given centres, 10 for random ones.
  std::optional<std::int64_t> n_init = {};
  /// The most iterations of one run. At least 1.
  std::int64_t max_iter = 300;
  /// A run ends when the centres' summed squared shift is at most tol x the mean variance of the columns. At least 0;
  /// 0 runs until no label changes.
  double tol = 1e-4;
  /// automatic, lloyd or elkan.
  KMeansAlgorithm algorithm = KMeansAlgorithm::automatic;
  /// The only source of chance: the same seed on the same device gives the same bits, for any number of threads.
  std::uint64_t seed = 0;
};

/// k-means clustering (Lloyd 1982; book chapter 9): centres that make the sum of squared distances from each row to
/// its nearest centre small. T is float or double.
///
/// Labels are those of exact arithmetic: where two centres are closer to a row than rounding can tell apart, their
/// distances are computed again in double; equal distances go to the lower centre. An empty cluster takes the row
/// farthest from its centre.
template <class T = float>
class FORJA_API KMeans {
 public:
  explicit KMeans(KMeansOptions options = {}, Device device = Device::automatic());

  /// Learns the centres from x (n x d). sample_weight: n weights, finite and >= 0; empty: all one. A row of weight 0
  /// gets a label and moves nothing. Throws InvalidArgument when an option is out of range, x is empty or holds NaN or
  /// Inf, fewer rows than clusters have a positive weight, or given centres are not n_clusters x d; Cancelled when
  /// the observer says so; OutOfMemory.
  KMeans& fit(const Rows<T>& x, std::span<const T> sample_weight = {}, Observer* observer = nullptr);
  /// fit(), then labels().
  std::vector<std::int32_t> fit_predict(const Rows<T>& x, std::span<const T> sample_weight = {},
                                        Observer* observer = nullptr);
  /// fit(), then transform(x).
  Matrix<T> fit_transform(const Rows<T>& x, std::span<const T> sample_weight = {}, Observer* observer = nullptr);

  /// The nearest centre of each row of x (m x d).
  std::vector<std::int32_t> predict(const Rows<T>& x) const;
  /// Distances from each row of x (m x d) to each centre: m x k.
  Matrix<T> transform(const Rows<T>& x) const;
  /// Minus the inertia of x (m x d) under these centres: greater is better.
  double score(const Rows<T>& x, std::span<const T> sample_weight = {}) const;

  /// The cluster of each row of fit's x.
  const std::vector<std::int32_t>& labels() const;
  /// k x d.
  const Matrix<T>& cluster_centers() const;
  /// Sum over fit's rows of weight x squared distance to the nearest centre, computed row by row in double.
  double inertia() const;
  /// Iterations of the run that was kept.
  std::int64_t n_iter() const;
  /// Whether that run ended by tol or by labels that stayed, rather than by max_iter.
  bool converged() const;
  /// The summed squared shift of the centres in the last iteration of that run.
  double center_shift() const;
  /// What `algorithm` came to: lloyd or elkan.
  KMeansAlgorithm algorithm_used() const;
  std::int64_t n_features_in() const;
  bool is_fitted() const { return state_.n_features > 0; }

  const KMeansOptions& options() const { return options_; }
  Device device() const { return device_; }
  /// A fitted model predicts on any device.
  void set_device(Device device) { device_ = device; }
  /// Every parameter by name; given centres appear as init = "given".
  Params get_params() const;
  /// Throws InvalidArgument for a name that is not a parameter, a wrong type, or a value out of range.
  KMeans& set_params(const Params& params);

  /// Writes the fitted model. Throws NotFitted; DataError when the file cannot be written.
  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  /// Reads a model of the same T. Throws ModelFormatError when it is damaged or of another kind.
  static KMeans load(const std::filesystem::path& path, Device device = Device::automatic());
  static KMeans load(std::istream& in, Device device = Device::automatic());

 private:
  struct State {
    Matrix<double> centers;  // as the iterations left them; the public ones are these rounded to T
    Matrix<T> public_centers;
    std::vector<std::int32_t> labels;
    double inertia = 0;
    double shift = 0;
    std::int64_t n_iter = 0;
    std::int64_t n_features = 0;
    bool converged = false;
    KMeansAlgorithm algorithm = KMeansAlgorithm::lloyd;
  };
  const State& fitted(const char* what) const;

  KMeansOptions options_;
  Device device_;
  State state_;
};

/// First centres: rows of x.
template <class T>
struct KMeansPlusPlus {
  Matrix<T> centers;                  ///< n_clusters x d
  std::vector<std::int64_t> indices;  ///< the row of each
};

/// The seeding of KMeans alone: n_clusters rows of x (n x d) by greedy k-means++ (KMeansInit::kmeans_plus_plus).
/// Rows repeat when fewer than n_clusters different ones exist. Arguments and errors as in KMeans::fit.
template <class T>
FORJA_API KMeansPlusPlus<T> kmeans_plusplus(const Rows<T>& x, std::int64_t n_clusters, std::uint64_t seed = 0,
                                            std::span<const T> sample_weight = {}, Device device = Device::automatic());

/// Parameters of MiniBatchKMeans.
struct MiniBatchKMeansOptions {
  /// Number of clusters and centres. At least 1, at most the number of rows.
  std::int64_t n_clusters = 8;
  /// First centres: KMeansInit::kmeans_plus_plus(), random() or given(centers).
  KMeansInit init = {};
  /// Sets of first centres tried on a sample of init_size rows, the best one is used. At least 1. Empty ("auto"): 1
  /// for k-means++ and given centres, 3 for random ones.
  std::optional<std::int64_t> n_init = {};
  /// The most passes: max_iter x n / batch_size steps. At least 1.
  std::int64_t max_iter = 100;
  /// Rows of one step, drawn with replacement. At least 1; more than n counts as n.
  std::int64_t batch_size = 1024;
  /// Ends when the smoothed centre shift is at most tol x the mean variance of the columns. At least 0; 0: never.
  double tol = 0;
  /// Ends when the smoothed inertia has not improved for this many steps. At least 0; empty: never.
  std::optional<std::int64_t> max_no_improvement = 10;
  /// Rows of the sample for the first centres. At least n_clusters; empty: 3 x batch_size, at least 3 x n_clusters.
  std::optional<std::int64_t> init_size = {};
  /// Centres that got less than this share of the busiest centre's rows are moved to random rows. 0 to 1; 0: only
  /// centres that got none.
  double reassignment_ratio = 0.01;
  /// The only source of chance: the same seed gives the same bits on the same device, for any number of threads.
  std::uint64_t seed = 0;
};

/// k-means by small random batches (Sculley 2010): each centre is the running mean of the rows it was given. A few per
/// cent worse than KMeans and much faster on many rows; partial_fit() takes streams larger than memory.
template <class T = float>
class FORJA_API MiniBatchKMeans {
 public:
  explicit MiniBatchKMeans(MiniBatchKMeansOptions options = {}, Device device = Device::automatic());

  /// Learns from x (n x d) anew; arguments and errors as in KMeans::fit. The observer gets every step, with the mean
  /// squared distance of its rows as the loss, in bursts of a few.
  MiniBatchKMeans& fit(const Rows<T>& x, std::span<const T> sample_weight = {}, Observer* observer = nullptr);
  /// One step with the rows of x (m x d) as the batch. The first call chooses the first centres from x and so needs
  /// at least n_clusters rows; later calls need the same d.
  MiniBatchKMeans& partial_fit(const Rows<T>& x, std::span<const T> sample_weight = {});
  std::vector<std::int32_t> fit_predict(const Rows<T>& x, std::span<const T> sample_weight = {},
                                        Observer* observer = nullptr);
  Matrix<T> fit_transform(const Rows<T>& x, std::span<const T> sample_weight = {}, Observer* observer = nullptr);

  /// As in KMeans.
  std::vector<std::int32_t> predict(const Rows<T>& x) const;
  Matrix<T> transform(const Rows<T>& x) const;
  double score(const Rows<T>& x, std::span<const T> sample_weight = {}) const;

  /// The cluster of each row that the last fit() or partial_fit() saw.
  const std::vector<std::int32_t>& labels() const;
  const Matrix<T>& cluster_centers() const;
  /// Sum over those rows of weight x squared distance to the nearest centre.
  double inertia() const;
  /// Passes over the rows, rounded up; each partial_fit() counts as one.
  std::int64_t n_iter() const;
  /// Steps made, partial_fit's included.
  std::int64_t n_steps() const;
  /// Whether tol or max_no_improvement ended fit().
  bool converged() const;
  /// Summed weight that each centre has been given so far.
  const std::vector<double>& counts() const;
  std::int64_t n_features_in() const;
  bool is_fitted() const { return state_.n_features > 0; }

  const MiniBatchKMeansOptions& options() const { return options_; }
  Device device() const { return device_; }
  void set_device(Device device) { device_ = device; }
  Params get_params() const;
  MiniBatchKMeans& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static MiniBatchKMeans load(const std::filesystem::path& path, Device device = Device::automatic());
  static MiniBatchKMeans load(std::istream& in, Device device = Device::automatic());

 private:
  struct State {
    Matrix<double> centers;
    Matrix<T> public_centers;
    std::vector<std::int32_t> labels;
    std::vector<double> counts;
    double inertia = 0;
    std::int64_t n_iter = 0;
    std::int64_t n_steps = 0;
    std::int64_t rows_since_reassignment = 0;
    std::int64_t n_features = 0;
    bool converged = false;
  };
  const State& fitted(const char* what) const;

  MiniBatchKMeansOptions options_;
  Device device_;
  State state_;
};

extern template class KMeans<float>;
extern template class KMeans<double>;
extern template class MiniBatchKMeans<float>;
extern template class MiniBatchKMeans<double>;

}  // namespace forja

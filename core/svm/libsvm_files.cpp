// Kernel machines as libsvm's model files, and back.

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "estimator/model_file.h"
#include "forja/error.h"
#include "forja/svm.h"
#include "svm/class_pairs.h"
#include "svm/libsvm_text.h"

namespace forja {
namespace {

template <class T, class Fitted>
core::LibsvmText<T> text_of(const Fitted& fitted) {
  core::LibsvmText<T> text;
  text.kernel = fitted.kernel;
  text.degree = fitted.degree;
  text.gamma = fitted.gamma;
  text.coef0 = fitted.coef0;
  text.rho = fitted.intercept;
  for (double& rho : text.rho) rho = -rho;
  text.coef = fitted.dual_coef;
  text.vectors = fitted.support_vectors;
  if (fitted.kernel == SVMKernel::precomputed) text.numbers = fitted.support;
  return text;
}

/// Of two classes forja's decisions are positive for the second, libsvm's for the first.
template <class T>
void turn_two_classes(core::LibsvmText<T>& text) {
  if (text.nr_class != 2) return;
  for (double& rho : text.rho) rho = -rho;
  for (double& coef : text.coef.values()) coef = -coef;
}

/// The classes in ascending order; a pair that changes places changes signs.
template <class T>
core::LibsvmText<T> with_ascending_classes(const core::LibsvmText<T>& text) {
  const std::int64_t classes = text.nr_class;
  std::vector<std::int64_t> from(static_cast<std::size_t>(classes));  // by ascending class, its place in the file
  std::iota(from.begin(), from.end(), std::int64_t{0});
  const auto label = [&](std::int64_t place) { return text.label[static_cast<std::size_t>(place)]; };
  std::sort(from.begin(), from.end(), [&](std::int64_t a, std::int64_t b) { return label(a) < label(b); });
  std::vector<std::int64_t> first(static_cast<std::size_t>(classes));  // of each class in the file
  std::exclusive_scan(text.nr_sv.begin(), text.nr_sv.end(), first.begin(), std::int64_t{0});
  core::LibsvmText<T> turned = text;
  std::int64_t v = 0;
  for (std::int64_t c = 0; c < classes; ++c) {
    const std::int64_t own = from[static_cast<std::size_t>(c)];
    turned.label[static_cast<std::size_t>(c)] = label(own);
    turned.nr_sv[static_cast<std::size_t>(c)] = text.nr_sv[static_cast<std::size_t>(own)];
    for (std::int64_t k = 0; k < text.nr_sv[static_cast<std::size_t>(own)]; ++k, ++v) {
      const std::int64_t old = first[static_cast<std::size_t>(own)] + k;
      for (std::int64_t e = 0; e < classes; ++e) {
        if (e == c) continue;
        const std::int64_t other = from[static_cast<std::size_t>(e)];
        const double sign = (own < other) == (c < e) ? 1 : -1;
        turned.coef(e < c ? e : e - 1, v) = sign * text.coef(other < own ? other : other - 1, old);
      }
      if (text.kernel == SVMKernel::precomputed) {
        turned.numbers[static_cast<std::size_t>(v)] = text.numbers[static_cast<std::size_t>(old)];
      } else {
        std::ranges::copy(text.vectors.row(old), turned.vectors.row(v).begin());
      }
    }
    for (std::int64_t e = c + 1; e < classes; ++e) {
      const std::int64_t other = from[static_cast<std::size_t>(e)];
      const double sign = own < other ? 1 : -1;
      const auto to = static_cast<std::size_t>(core::pair_place(classes, c, e));
      const auto old = static_cast<std::size_t>(core::pair_place(classes, std::min(own, other), std::max(own, other)));
      turned.rho[to] = sign * text.rho[old];
      if (text.prob_a.empty()) continue;
      turned.prob_a[to] = text.prob_a[old];
      turned.prob_b[to] = sign * text.prob_b[old];
    }
  }
  return turned;
}

/// What the file does not tell stays as it is in a model without a fit: n_iter, the violation, the objectives (zeros)
/// and which rows of fit support it (numbers from 0).
template <class Fitted, class T>
void take_text(Fitted& fitted, core::LibsvmText<T>&& text) {
  fitted.kernel = text.kernel;
  fitted.degree = text.degree;
  fitted.gamma = text.gamma;
  fitted.coef0 = text.coef0;
  fitted.n_features_in = text.columns;
  if (text.kernel == SVMKernel::precomputed) {
    fitted.support = std::move(text.numbers);
  } else {
    fitted.support.resize(static_cast<std::size_t>(text.coef.columns()));
    std::iota(fitted.support.begin(), fitted.support.end(), std::int64_t{0});
  }
  fitted.n_support = text.nr_sv.empty() ? std::vector<std::int64_t>{text.coef.columns()} : std::move(text.nr_sv);
  fitted.support_vectors = std::move(text.vectors);
  fitted.dual_coef = std::move(text.coef);
  fitted.intercept = std::move(text.rho);
  for (double& rho : fitted.intercept) rho = -rho;
  fitted.objective.resize(fitted.intercept.size());
}

template <class Options, class T>
Options options_of(const core::LibsvmText<T>& text) {
  Options options;
  options.kernel = text.kernel;
  options.degree = text.degree;
  options.coef0 = text.coef0;
  const bool unused = text.kernel == SVMKernel::linear || text.kernel == SVMKernel::precomputed;
  if (!unused) options.gamma = text.gamma;
  if constexpr (requires { options.probability; }) options.probability = !text.prob_a.empty();
  return options;
}

void check_written(std::string_view call, const std::ostream& out) {
  if (!out) throw DataError(fmt::format("{}: the model cannot be written", call));
}

void check_n_features(std::string_view call, std::optional<std::int64_t> n_features) {
  if (n_features && *n_features < 1) {
    throw InvalidArgument(
        fmt::format("{}: n_features = {} but it must be an integer of at least 1", call, *n_features));
  }
}

}  // namespace

#define FORJA_LIBSVM_PATHS(Model)                                                                                     \
  template <class T>                                                                                                  \
  void Model<T>::save_libsvm(const std::filesystem::path& path) const {                                               \
    this->fitted("save_libsvm");                                                                                      \
    core::with_output_file(#Model "::save_libsvm", path, [&](std::ostream& out) { save_libsvm(out); });               \
  }                                                                                                                   \
  template <class T>                                                                                                  \
  Model<T> Model<T>::load_libsvm(const std::filesystem::path& path, std::optional<std::int64_t> n_features,           \
                                 Device device) {                                                                     \
    Model model({}, device);                                                                                          \
    core::with_input_file(#Model "::load_libsvm", path,                                                               \
                          [&](std::istream& in) { model = load_libsvm(in, n_features, device); });                    \
    return model;                                                                                                     \
  }                                                                                                                   \
  template void Model<float>::save_libsvm(std::ostream&) const;                                                       \
  template void Model<double>::save_libsvm(std::ostream&) const;                                                      \
  template void Model<float>::save_libsvm(const std::filesystem::path&) const;                                        \
  template void Model<double>::save_libsvm(const std::filesystem::path&) const;                                       \
  template Model<float> Model<float>::load_libsvm(std::istream&, std::optional<std::int64_t>, Device);                \
  template Model<double> Model<double>::load_libsvm(std::istream&, std::optional<std::int64_t>, Device);              \
  template Model<float> Model<float>::load_libsvm(const std::filesystem::path&, std::optional<std::int64_t>, Device); \
  template Model<double> Model<double>::load_libsvm(const std::filesystem::path&, std::optional<std::int64_t>, Device);

#define FORJA_LIBSVM_CLASSIFIER(Model, svm_type)                                                            \
  template <class T>                                                                                        \
  void Model<T>::save_libsvm(std::ostream& out) const {                                                     \
    core::LibsvmText<T> text = text_of<T>(this->fitted("save_libsvm"));                                     \
    text.label = this->classes();                                                                           \
    text.nr_class = std::ssize(text.label);                                                                 \
    text.nr_sv = this->n_support();                                                                         \
    text.prob_a = this->probA();                                                                            \
    text.prob_b = this->probB();                                                                            \
    turn_two_classes(text);                                                                                 \
    core::write_libsvm_text(out, svm_type, text);                                                           \
    check_written(#Model "::save_libsvm", out);                                                             \
  }                                                                                                         \
  template <class T>                                                                                        \
  Model<T> Model<T>::load_libsvm(std::istream& in, std::optional<std::int64_t> n_features, Device device) { \
    check_n_features(#Model "::load_libsvm", n_features);                                                   \
    core::LibsvmText<T> text = with_ascending_classes(core::read_libsvm_text<T>(in, svm_type, n_features)); \
    turn_two_classes(text);                                                                                 \
    Model model(options_of<Model##Options>(text), device);                                                  \
    model.set_classes(std::move(text.label));                                                               \
    model.set_sigmoids(std::move(text.prob_a), std::move(text.prob_b));                                     \
    typename KernelMachine<T>::Fitted fitted;                                                               \
    take_text(fitted, std::move(text));                                                                     \
    model.set_fitted(std::move(fitted));                                                                    \
    return model;                                                                                           \
  }                                                                                                         \
  FORJA_LIBSVM_PATHS(Model)

#define FORJA_LIBSVM_MACHINE(Model, svm_type)                                                               \
  template <class T>                                                                                        \
  void Model<T>::save_libsvm(std::ostream& out) const {                                                     \
    core::write_libsvm_text(out, svm_type, text_of<T>(this->fitted("save_libsvm")));                        \
    check_written(#Model "::save_libsvm", out);                                                             \
  }                                                                                                         \
  template <class T>                                                                                        \
  Model<T> Model<T>::load_libsvm(std::istream& in, std::optional<std::int64_t> n_features, Device device) { \
    check_n_features(#Model "::load_libsvm", n_features);                                                   \
    core::LibsvmText<T> text = core::read_libsvm_text<T>(in, svm_type, n_features);                         \
    text.nr_sv.clear();                                                                                     \
    Model model(options_of<Model##Options>(text), device);                                                  \
    typename KernelMachine<T>::Fitted fitted;                                                               \
    take_text(fitted, std::move(text));                                                                     \
    model.set_fitted(std::move(fitted));                                                                    \
    return model;                                                                                           \
  }                                                                                                         \
  FORJA_LIBSVM_PATHS(Model)

FORJA_LIBSVM_CLASSIFIER(SVC, "c_svc")
FORJA_LIBSVM_CLASSIFIER(NuSVC, "nu_svc")
FORJA_LIBSVM_MACHINE(SVR, "epsilon_svr")
FORJA_LIBSVM_MACHINE(NuSVR, "nu_svr")
FORJA_LIBSVM_MACHINE(OneClassSVM, "one_class")

}  // namespace forja

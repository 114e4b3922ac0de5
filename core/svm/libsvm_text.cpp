#include "svm/libsvm_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <istream>
#include <limits>
#include <numeric>
#include <ostream>
#include <set>
#include <string>

#include "data/shown_text.h"
#include "data/text_number.h"
#include "forja/error.h"
#include "svm/kernel_params.h"

namespace forja::core {
namespace {

constexpr std::string_view kKernelNames[] = {"linear", "polynomial", "rbf", "sigmoid", "precomputed"};

bool has_gamma(SVMKernel kernel) {
  return kernel == SVMKernel::poly || kernel == SVMKernel::rbf || kernel == SVMKernel::sigmoid;
}
bool has_coef0(SVMKernel kernel) { return kernel == SVMKernel::poly || kernel == SVMKernel::sigmoid; }

template <class Numbers>
void write_field(std::string& out, std::string_view name, const Numbers& numbers) {
  if (std::empty(numbers)) return;
  out += name;
  for (const auto number : numbers) out += fmt::format(" {}", number);
  out += '\n';
}

template <class T>
class LibsvmTextReader {
 public:
  LibsvmTextReader(std::istream& in, std::string_view svm_type, std::optional<std::int64_t> n_features)
      : in_(in), svm_type_(svm_type), n_features_(n_features) {}

  LibsvmText<T> read() {
    bool header = true;
    while (std::getline(in_, text_)) {
      ++line_;
      const std::vector<std::string_view> parts = split(text_);
      if (parts.empty()) continue;
      if (!header) {
        read_vector(parts);
      } else if (parts[0] == "SV") {
        check_header();
        header = false;
      } else {
        read_field(parts);
      }
    }
    if (header) refuse("the file ends before its SV");
    finish();
    return std::move(found_);
  }

 private:
  struct Entry {
    std::int64_t column;
    T value;
  };

  [[noreturn]] void refuse(const std::string& words) const {
    throw ModelFormatError(fmt::format("libsvm model: line {}: {}", line_, words));
  }
  void require_here(bool fits, const std::string& words) const {
    if (!fits) refuse(words);
  }

  static std::vector<std::string_view> split(std::string_view line) {
    constexpr std::string_view kSpace = " \t\r";
    std::vector<std::string_view> parts;
    for (std::size_t at = line.find_first_not_of(kSpace); at != std::string_view::npos;) {
      const std::size_t end = std::min(line.find_first_of(kSpace, at), line.size());
      parts.push_back(line.substr(at, end - at));
      at = line.find_first_not_of(kSpace, end);
    }
    return parts;
  }

  // Messages are made only where they are needed: these are called for every value.
  template <class Number>
  Number number(std::string_view text) const {
    Number value{};
    if (parse_number(text, value) != NumberText::number || !std::isfinite(value)) {
      refuse(shown_text(text) + " is no finite number");
    }
    return value;
  }
  std::int64_t integer(std::string_view text, std::int64_t least, std::int64_t most) const {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
      refuse(fmt::format("{} is no integer from {} to {}", shown_text(text), least, most));
    }
    return value;
  }

  void read_field(const std::vector<std::string_view>& parts);
  void check_header() const;
  void read_vector(const std::vector<std::string_view>& parts);
  void read_entries(const std::vector<std::string_view>& parts, std::size_t from);
  void finish();

  std::istream& in_;
  std::string_view svm_type_;
  std::optional<std::int64_t> n_features_;
  LibsvmText<T> found_;
  std::string text_;
  std::int64_t line_ = 0;
  std::set<std::string, std::less<>> seen_;
  std::int64_t total_sv_ = 0;
  std::vector<double> coef_;  // one vector after the other
  std::vector<Entry> entries_;
  std::vector<std::size_t> ends_;  // of each vector in entries_
};

template <class T>
void LibsvmTextReader<T>::read_field(const std::vector<std::string_view>& parts) {
  constexpr std::int64_t kInt = std::numeric_limits<std::int32_t>::max();
  const std::string_view name = parts[0];
  require_here(seen_.emplace(name).second, shown_text(name) + " comes twice");
  const auto one = [&] {
    require_here(parts.size() == 2, fmt::format("{} has {} values instead of one", name, parts.size() - 1));
    return parts[1];
  };
  const auto numbers = [&](std::vector<double>& into) {
    for (std::size_t k = 1; k < parts.size(); ++k) into.push_back(number<double>(parts[k]));
  };
  if (name == "svm_type") {
    const std::string_view type = one();
    require_here(type == svm_type_, fmt::format("svm_type is {} but {} was asked for", shown_text(type), svm_type_));
  } else if (name == "kernel_type") {
    const std::string_view kernel = one();
    const auto* const kind = std::find(std::begin(kKernelNames), std::end(kKernelNames), kernel);
    require_here(kind != std::end(kKernelNames), shown_text(kernel) + " is no kernel_type");
    found_.kernel = static_cast<SVMKernel>(kind - std::begin(kKernelNames));
  } else if (name == "degree") {
    found_.degree = integer(one(), 0, kMostKernelDegree);
  } else if (name == "gamma") {
    found_.gamma = number<double>(one());
    require_here(found_.gamma > 0, fmt::format("gamma = {} but it must be above 0", found_.gamma));
  } else if (name == "coef0") {
    found_.coef0 = number<double>(one());
  } else if (name == "nr_class") {
    found_.nr_class = integer(one(), 2, kInt);
  } else if (name == "total_sv") {
    total_sv_ = integer(one(), 0, kInt);
  } else if (name == "rho") {
    numbers(found_.rho);
  } else if (name == "label") {
    for (std::size_t k = 1; k < parts.size(); ++k) {
      found_.label.push_back(static_cast<std::int32_t>(integer(parts[k], -kInt - 1, kInt)));
    }
  } else if (name == "probA") {
    numbers(found_.prob_a);
  } else if (name == "probB") {
    numbers(found_.prob_b);
  } else if (name == "nr_sv") {
    for (std::size_t k = 1; k < parts.size(); ++k) found_.nr_sv.push_back(integer(parts[k], 0, kInt));
  } else {
    // Of one-class machines newer versions of libsvm write these as well; nothing here uses them.
    require_here(name == "prob_density_marks", shown_text(name) + " is no field of a libsvm model");
  }
}

template <class T>
void LibsvmTextReader<T>::check_header() const {
  const auto needs = [&](const char* name) {
    require_here(seen_.contains(name), fmt::format("SV comes without {} before it", name));
  };
  for (const char* name : {"svm_type", "kernel_type", "nr_class", "total_sv", "rho"}) needs(name);
  if (has_gamma(found_.kernel)) needs("gamma");
  if (has_coef0(found_.kernel)) needs("coef0");
  if (found_.kernel == SVMKernel::poly) needs("degree");
  const auto counted = [&](const char* name, std::int64_t count, std::int64_t wanted) {
    require_here(count == wanted,
                 fmt::format("{} has {} values but {} classes need {}", name, count, found_.nr_class, wanted));
  };
  const bool classifies = svm_type_ == "c_svc" || svm_type_ == "nu_svc";
  require_here(classifies || found_.nr_class == 2,
               fmt::format("nr_class = {} but it is 2 of {}", found_.nr_class, svm_type_));
  const std::int64_t pairs = found_.nr_class * (found_.nr_class - 1) / 2;
  counted("rho", std::ssize(found_.rho), pairs);
  if (!classifies) return;
  counted("label", std::ssize(found_.label), found_.nr_class);
  counted("nr_sv", std::ssize(found_.nr_sv), found_.nr_class);
  require_here(std::set<std::int32_t>(found_.label.begin(), found_.label.end()).size() == found_.label.size(),
               "label has the same class twice");
  const std::int64_t vectors = std::accumulate(found_.nr_sv.begin(), found_.nr_sv.end(), std::int64_t{0});
  require_here(vectors == total_sv_, fmt::format("nr_sv sums to {} but total_sv = {}", vectors, total_sv_));
  if (seen_.contains("probA") || seen_.contains("probB")) {
    counted("probA", std::ssize(found_.prob_a), pairs);
    counted("probB", std::ssize(found_.prob_b), pairs);
  }
}

template <class T>
void LibsvmTextReader<T>::read_vector(const std::vector<std::string_view>& parts) {
  const auto weights = static_cast<std::size_t>(found_.nr_class - 1);
  require_here(std::ssize(ends_) < total_sv_, fmt::format("one support vector more than total_sv = {}", total_sv_));
  require_here(parts.size() >= weights,
               fmt::format("{} coefficients but {} classes need {}", parts.size(), found_.nr_class, weights));
  for (std::size_t k = 0; k < weights; ++k) coef_.push_back(number<double>(parts[k]));
  if (found_.kernel != SVMKernel::precomputed) {
    read_entries(parts, weights);
  } else {
    require_here(parts.size() == weights + 1 && parts[weights].starts_with("0:"),
                 "a support vector of a precomputed kernel is one 0:number");
    const auto serial = number<double>(parts[weights].substr(2));
    const auto most = static_cast<double>(n_features_.value_or(std::numeric_limits<std::int32_t>::max()));
    require_here(serial >= 1 && serial <= most && serial == std::floor(serial),
                 fmt::format("{} is no number of a row, from 1 to {}", shown_text(parts[weights].substr(2)), most));
    found_.numbers.push_back(static_cast<std::int64_t>(serial) - 1);
    found_.columns = std::max(found_.columns, found_.numbers.back() + 1);
  }
  ends_.push_back(entries_.size());
}

template <class T>
void LibsvmTextReader<T>::read_entries(const std::vector<std::string_view>& parts, std::size_t from) {
  std::int64_t last = -1;
  for (std::size_t k = from; k < parts.size(); ++k) {
    const std::size_t colon = parts[k].find(':');
    if (colon == std::string_view::npos) refuse(shown_text(parts[k]) + " is no index:value");
    const std::int64_t most = n_features_.value_or(std::numeric_limits<std::int32_t>::max());
    const std::int64_t column = integer(parts[k].substr(0, colon), 1, most) - 1;
    if (column <= last) refuse(fmt::format("index {} after {} but indices ascend", column + 1, last + 1));
    entries_.push_back({column, number<T>(parts[k].substr(colon + 1))});
    last = column;
  }
  found_.columns = std::max(found_.columns, last + 1);
}

template <class T>
void LibsvmTextReader<T>::finish() {
  constexpr std::int64_t kMostValues = std::int64_t{1} << 30;  // one index may ask for any memory
  const std::int64_t count = std::ssize(ends_);
  require_here(count == total_sv_, fmt::format("the file ends after {} of {} support vectors", count, total_sv_));
  found_.columns = n_features_.value_or(found_.columns);
  require_here(found_.columns > 0, "no support vector tells how many features there are: give n_features");
  const std::int64_t weights = found_.nr_class - 1;
  found_.coef = Matrix<double>(weights, count);
  for (std::int64_t v = 0; v < count; ++v) {
    for (std::int64_t r = 0; r < weights; ++r) found_.coef(r, v) = coef_[static_cast<std::size_t>(v * weights + r)];
  }
  if (found_.kernel == SVMKernel::precomputed) return;
  require_here(
      count == 0 || found_.columns <= kMostValues / count,
      fmt::format("{} support vectors of {} features are more than {} values", count, found_.columns, kMostValues));
  found_.vectors = Matrix<T>(count, found_.columns);
  std::size_t entry = 0;
  for (std::int64_t v = 0; v < count; ++v) {
    for (; entry < ends_[static_cast<std::size_t>(v)]; ++entry) {
      found_.vectors(v, entries_[entry].column) = entries_[entry].value;
    }
  }
}

}  // namespace

template <class T>
void write_libsvm_text(std::ostream& out, std::string_view svm_type, const LibsvmText<T>& text) {
  std::string lines =
      fmt::format("svm_type {}\nkernel_type {}\n", svm_type, kKernelNames[static_cast<std::size_t>(text.kernel)]);
  if (text.kernel == SVMKernel::poly) lines += fmt::format("degree {}\n", text.degree);
  if (has_gamma(text.kernel)) lines += fmt::format("gamma {}\n", text.gamma);
  if (has_coef0(text.kernel)) lines += fmt::format("coef0 {}\n", text.coef0);
  lines += fmt::format("nr_class {}\ntotal_sv {}\n", text.nr_class, text.coef.columns());
  write_field(lines, "rho", text.rho);
  write_field(lines, "label", text.label);
  write_field(lines, "probA", text.prob_a);
  write_field(lines, "probB", text.prob_b);
  write_field(lines, "nr_sv", text.nr_sv);
  out << lines << "SV\n";
  for (std::int64_t v = 0; v < text.coef.columns(); ++v) {
    lines.clear();
    for (std::int64_t r = 0; r < text.coef.rows(); ++r) lines += fmt::format("{} ", text.coef(r, v));
    if (text.kernel == SVMKernel::precomputed) {
      lines += fmt::format("0:{} ", text.numbers[static_cast<std::size_t>(v)] + 1);
    }
    for (std::int64_t j = 0; j < text.vectors.columns(); ++j) {
      // The first one's last value stands even where it is 0: so the file tells how many features there are.
      const bool counts = v == 0 && j + 1 == text.vectors.columns();
      const auto value = static_cast<double>(text.vectors(v, j));
      if (value != 0 || counts) lines += fmt::format("{}:{} ", j + 1, value);
    }
    out << lines << '\n';
  }
}

template <class T>
LibsvmText<T> read_libsvm_text(std::istream& in, std::string_view svm_type, std::optional<std::int64_t> n_features) {
  return LibsvmTextReader<T>(in, svm_type, n_features).read();
}

template void write_libsvm_text(std::ostream&, std::string_view, const LibsvmText<float>&);
template void write_libsvm_text(std::ostream&, std::string_view, const LibsvmText<double>&);
template LibsvmText<float> read_libsvm_text(std::istream&, std::string_view, std::optional<std::int64_t>);
template LibsvmText<double> read_libsvm_text(std::istream&, std::string_view, std::optional<std::int64_t>);

}  // namespace forja::core

#include "estimator/model_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

namespace forja::core {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "arrays are stored as they lie in memory");

constexpr const char* kFormat = "forja model";

/// Builds the document, and stops at a nesting that only a hostile file has: the parser recurses.
class ShallowDocument : public nlohmann::detail::json_sax_dom_parser<json> {
 public:
  explicit ShallowDocument(json& document) : json_sax_dom_parser(document, false) {}
  bool start_object(std::size_t size) { return ++depth_ <= kDeepest && json_sax_dom_parser::start_object(size); }
  bool start_array(std::size_t size) { return ++depth_ <= kDeepest && json_sax_dom_parser::start_array(size); }
  bool end_object() {
    --depth_;
    return json_sax_dom_parser::end_object();
  }
  bool end_array() {
    --depth_;
    return json_sax_dom_parser::end_array();
  }

 private:
  static constexpr int kDeepest = 32;
  int depth_ = 0;
};

}  // namespace

void require(bool fits, std::string_view what) {
  if (!fits) throw ModelFormatError(fmt::format("model file: {}", what));
}

json model_document(std::string_view kind, std::string_view type, const Params& parameters) {
  json document = {{"format", kFormat}, {"version", kModelVersion}, {"kind", kind}, {"type", type}};
  json& values = document["parameters"] = json::object();
  for (const auto& [name, value] : parameters) {
    std::visit([&, key = name](const auto& plain) { values[key] = plain; }, value);
  }
  return document;
}

void write_model(std::string_view call, std::ostream& out, const json& document) {
  const std::vector<std::uint8_t> bytes = json::to_cbor(document);
  out.write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
  if (!out) throw DataError(fmt::format("{}: {} bytes cannot be written", call, bytes.size()));
}

json read_model(std::istream& in, std::string_view kind, std::string_view type) {
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  json document;
  ShallowDocument builder(document);
  bool parsed = false;
  try {
    parsed = json::sax_parse(bytes, &builder, json::input_format_t::cbor);
  } catch (const json::exception&) {
    parsed = false;
  }
  require(parsed && document.is_object(), "damaged: no CBOR document");
  require(document.value("format", json()) == kFormat, "is not of forja");
  const std::int64_t version = integer_member(document, "version", 1);
  if (version > kModelVersion) {
    throw ModelFormatError(
        fmt::format("model file: version {} but this library reads up to {}", version, kModelVersion));
  }
  for (const auto& [name, wanted] : {std::pair{"kind", kind}, {"type", type}}) {
    const json& found = member(document, name);
    require(found.is_string(), fmt::format("\"{}\" is no text", name));
    const auto& text = found.get_ref<const std::string&>();
    if (text != wanted)
      throw ModelFormatError(fmt::format("model file: {} is {} but {} was asked for", name, text, wanted));
  }
  require(member(document, "parameters").is_object(), "\"parameters\" is no object");
  require(member(document, "state").is_object(), "\"state\" is no object");
  return document;
}

void with_output_file(std::string_view call, const std::filesystem::path& path,
                      const std::function<void(std::ostream&)>& write) {
  std::ofstream out(path, std::ios::binary);
  if (!out) throw DataError(fmt::format("{}: {} cannot be opened for writing", call, path.string()));
  write(out);
  out.close();
  if (!out) throw DataError(fmt::format("{}: {} cannot be written", call, path.string()));
}

void with_input_file(std::string_view call, const std::filesystem::path& path,
                     const std::function<void(std::istream&)>& read) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw DataError(fmt::format("{}: {} cannot be opened", call, path.string()));
  read(in);
}

Params params_from(const json& object) {
  Params params;
  for (const auto& [name, value] : object.items()) {
    if (value.is_boolean()) {
      params[name] = value.get<bool>();
    } else if (value.is_number_integer()) {
      params[name] = value.get<std::int64_t>();
    } else if (value.is_number_float()) {
      params[name] = value.get<double>();
    } else {
      require(value.is_string(), fmt::format("parameter \"{}\" is of no known type", name));
      params[name] = value.get<std::string>();
    }
  }
  return params;
}

const json& member(const json& object, const char* name) {
  const auto found = object.find(name);
  require(found != object.end(), fmt::format("\"{}\" is missing", name));
  return *found;
}

std::int64_t integer_member(const json& object, const char* name, std::int64_t least) {
  const json& value = member(object, name);
  require(value.is_number_integer() && value.get<std::int64_t>() >= least,
          fmt::format("\"{}\" is no integer of at least {}", name, least));
  return value.get<std::int64_t>();
}

double amount_member(const json& object, const char* name) {
  const json& value = member(object, name);
  require(value.is_number() && std::isfinite(value.get<double>()) && value.get<double>() >= 0,
          fmt::format("\"{}\" is no finite number of at least 0", name));
  return value.get<double>();
}

bool flag_member(const json& object, const char* name) {
  const json& value = member(object, name);
  require(value.is_boolean(), fmt::format("\"{}\" is neither true nor false", name));
  return value.get<bool>();
}

template <class T>
json array_document(std::span<const T> values) {
  std::vector<std::uint8_t> bytes(values.size_bytes());
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return json::binary(std::move(bytes));
}

template <class T>
json matrix_document(const Matrix<T>& matrix) {
  return {{"rows", matrix.rows()}, {"columns", matrix.columns()}, {"values", array_document<T>(matrix.values())}};
}

template <class T>
std::vector<T> array_member(const json& object, const char* name) {
  const json& value = member(object, name);
  require(value.is_binary() && value.get_binary().size() % sizeof(T) == 0, fmt::format("\"{}\" is no array", name));
  std::vector<T> values(value.get_binary().size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), value.get_binary().data(), value.get_binary().size());
  if constexpr (std::is_floating_point_v<T>) {
    require(std::all_of(values.begin(), values.end(), [](T v) { return std::isfinite(v); }),
            fmt::format("\"{}\" has NaN or an infinity", name));
  }
  return values;
}

template <class T>
Matrix<T> matrix_member(const json& object, const char* name) {
  const json& value = member(object, name);
  require(value.is_object(), fmt::format("\"{}\" is no matrix", name));
  const std::int64_t rows = integer_member(value, "rows", 0);
  const std::int64_t columns = integer_member(value, "columns", 0);
  std::vector<T> values = array_member<T>(value, "values");
  std::int64_t count = 0;
  require(!__builtin_mul_overflow(rows, columns, &count) && count == std::ssize(values),
          fmt::format("\"{}\" is {} x {} but has {} values", name, rows, columns, values.size()));
  return Matrix<T>(rows, columns, std::move(values));
}

#define FORJA_INSTANTIATE(T)                        \
  template json array_document(std::span<const T>); \
  template std::vector<T> array_member(const json&, const char*);
FORJA_INSTANTIATE(double)
FORJA_INSTANTIATE(std::int32_t)
FORJA_INSTANTIATE(std::int64_t)
#undef FORJA_INSTANTIATE
template json matrix_document(const Matrix<float>&);
template json matrix_document(const Matrix<double>&);
template Matrix<float> matrix_member(const json&, const char*);
template Matrix<double> matrix_member(const json&, const char*);

}  // namespace forja::core

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "forja/error.h"
#include "forja/matrix.h"
#include "forja/params.h"

/// A fitted model as one self-describing CBOR document: format, version, kind ("KMeans"), storage type, parameters and
/// learned state. Arrays are little-endian bytes. Whatever a file holds, reading it either gives a checked value or
/// throws ModelFormatError.
namespace forja::core {

inline constexpr std::int64_t kModelVersion = 1;

template <class T>
constexpr std::string_view type_name() {
  return sizeof(T) == 4 ? "float32" : "float64";
}

/// The document of a model without its state.
nlohmann::json model_document(std::string_view kind, std::string_view type, const Params& parameters);

void write_model(std::string_view call, std::ostream& out, const nlohmann::json& document);
/// Reads a document of this kind and type; its "parameters" and "state" are objects.
nlohmann::json read_model(std::istream& in, std::string_view kind, std::string_view type);

/// The same with a file. Throws DataError when it cannot be opened or written.
void with_output_file(std::string_view call, const std::filesystem::path& path,
                      const std::function<void(std::ostream&)>& write);
void with_input_file(std::string_view call, const std::filesystem::path& path,
                     const std::function<void(std::istream&)>& read);

Params params_from(const nlohmann::json& object);

/// A member of an object; the type must fit.
const nlohmann::json& member(const nlohmann::json& object, const char* name);
std::int64_t integer_member(const nlohmann::json& object, const char* name, std::int64_t least);
/// Finite and at least 0.
double amount_member(const nlohmann::json& object, const char* name);
bool flag_member(const nlohmann::json& object, const char* name);

template <class T>
nlohmann::json array_document(std::span<const T> values);
template <class T>
nlohmann::json matrix_document(const Matrix<T>& matrix);
/// Floating-point values must be finite.
template <class T>
std::vector<T> array_member(const nlohmann::json& object, const char* name);
template <class T>
Matrix<T> matrix_member(const nlohmann::json& object, const char* name);

/// Throws ModelFormatError where a loaded value does not fit.
void require(bool fits, std::string_view what);

}  // namespace forja::core

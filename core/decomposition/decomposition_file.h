#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "estimator/model_file.h"
#include "forja/decomposition.h"

/// What the model files of decompositions share.
namespace forja::core {

inline constexpr std::array<std::pair<const char*, SvdSolver>, 3> kSolvers = {
    {{"full", SvdSolver::full},
     {"covariance_eigh", SvdSolver::covariance_eigh},
     {"randomized", SvdSolver::randomized}}};

inline const char* solver_document(SvdSolver solver) {
  return std::find_if(kSolvers.begin(), kSolvers.end(), [&](const auto& s) { return s.second == solver; })->first;
}

inline SvdSolver solver_named(const nlohmann::json& name) {
  const auto found = std::find_if(kSolvers.begin(), kSolvers.end(), [&](const auto& s) { return name == s.first; });
  require(found != kSolvers.end(), "\"svd_solver_used\" is no solver");
  return found->second;
}

/// So many numbers of at least 0.
inline std::vector<double> amounts_member(const nlohmann::json& state, const char* name, std::int64_t count) {
  std::vector<double> values = array_member<double>(state, name);
  require(std::ssize(values) == count, std::string("\"") + name + "\" has another length");
  require(std::all_of(values.begin(), values.end(), [](double v) { return v >= 0; }),
          std::string("\"") + name + "\" has a negative value");
  return values;
}

}  // namespace forja::core

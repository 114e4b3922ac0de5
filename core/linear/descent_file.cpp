#include "linear/descent_file.h"

#include <fmt/format.h>

#include <algorithm>

namespace forja::core {

using nlohmann::json;

json descent_document(const SGDWeights& weights) {
  return {{"weights", matrix_document(weights.weights)},
          {"slots", matrix_document(weights.slots)},
          {"sums", matrix_document(weights.sums)},
          {"averaged", array_document<std::int64_t>(weights.averaged)},
          {"paid", matrix_document(weights.paid)},
          {"due", array_document<double>(weights.due)},
          {"steps", weights.steps},
          {"epochs", weights.epochs}};
}

SGDWeights descent_from(const json& state, std::int64_t outputs, std::int64_t states) {
  SGDWeights weights;
  weights.weights = matrix_member<double>(state, "weights");
  const std::int64_t width = weights.weights.columns();
  require(weights.weights.rows() == outputs && width > 1, "\"weights\" has another shape");
  const auto like_weights = [&](const char* name, std::int64_t rows) {
    Matrix<double> found = matrix_member<double>(state, name);
    require(found.rows() == rows && (rows == 0 || found.columns() == width),
            fmt::format("\"{}\" does not fit \"weights\"", name));
    return found;
  };
  weights.slots = like_weights("slots", states * outputs);
  weights.sums = like_weights("sums", outputs);
  weights.averaged = array_member<std::int64_t>(state, "averaged");
  weights.paid = like_weights("paid", outputs);
  weights.due = array_member<double>(state, "due");
  weights.steps = integer_member(state, "steps", 0);
  weights.epochs = integer_member(state, "epochs", 0);
  constexpr std::int64_t kMost = std::int64_t{1} << 60;  // counts have room to grow
  require(weights.steps < kMost && weights.epochs < kMost, "\"steps\" or \"epochs\" are more than a run can take");
  require(std::ssize(weights.averaged) == outputs && std::all_of(weights.averaged.begin(), weights.averaged.end(),
                                                                 [](std::int64_t n) { return n >= 0 && n < kMost; }),
          "\"averaged\" does not fit \"weights\"");
  require(std::ssize(weights.due) == outputs, "\"due\" does not fit \"weights\"");
  return weights;
}

}  // namespace forja::core

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "forja/gradient_descent.h"
#include "linear/descent_driver.h"

namespace forja::core {

/// What a descent goes over, and how.
template <class T>
struct GradientDescentTask {
  std::string_view call;
  const GradientDescentOptions& options;
  SGDLoss loss;
  std::int64_t outputs;
  DescentRows<T> rows;
  std::span<const std::int32_t> labels;  ///< kept in proportion where rows are held out; may be empty
  std::int64_t epochs;                   ///< the most of them
  bool whole = true;                     ///< whether these are all rows, so that their gradient tells something
};

/// Goes on from `state`, which is as it was after an exception. Throws as descend() does.
template <class T>
GradientDescentReport descend_whole(const GradientDescentTask<T>& task, const Device& device, Observer* observer,
                                    GradientDescentState& state);

}  // namespace forja::core

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "forja/matrix.h"

/// Predictions of one row at a time, by forja and by peers' C interfaces, whose libraries are opened at run time.
namespace forja::bench {

/// Seconds of a call: the median, and what 99 of 100 stay below.
struct CallSeconds {
  double median = 0;
  double most = 0;
};

/// Calls predict(row) for rows one after the other, each timed by itself, until there are no more or seconds have
/// passed.
CallSeconds time_rows(MatrixView<const float> rows, const std::function<double(const float*)>& predict);

/// Predicts a raw score from a row of `columns` values. Both throw std::runtime_error where the library says no.
std::function<double(const float*)> lightgbm_rows(const std::string& library, const std::string& model,
                                                  std::int64_t columns);
std::function<double(const float*)> xgboost_rows(const std::string& library, const std::string& model,
                                                 std::int64_t columns);

}  // namespace forja::bench

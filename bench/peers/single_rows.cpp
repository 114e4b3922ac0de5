#include "single_rows.h"

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace forja::bench {
namespace {

using Handle = void*;

/// A library that stays open until the program ends.
class Library {
 public:
  explicit Library(const std::string& path) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) throw std::runtime_error(dlerror());
  }
  template <class Function>
  Function* function(const char* name) const {
    void* address = dlsym(handle_, name);
    if (address == nullptr) throw std::runtime_error(std::string("no function ") + name);
    return reinterpret_cast<Function*>(address);
  }

 private:
  void* handle_;
};

/// Keeps a value alive without storing it.
void keep(double value) { asm volatile("" : : "g"(value) : "memory"); }

void check(int status, const char* call) {
  if (status != 0) throw std::runtime_error(std::string(call) + " failed");
}

}  // namespace

CallSeconds time_rows(MatrixView<const float> rows, const std::function<double(const float*)>& predict) {
  constexpr double kEnough = 3;
  std::vector<double> seconds;
  double sum = 0;
  for (std::int64_t i = 0; i < rows.rows() && sum < kEnough; ++i) {
    const auto start = std::chrono::steady_clock::now();
    keep(predict(rows.row(i).data()));
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    sum += seconds.back();
  }
  std::sort(seconds.begin(), seconds.end());
  return {seconds[seconds.size() / 2], seconds[seconds.size() * 99 / 100]};
}

std::function<double(const float*)> lightgbm_rows(const std::string& library, const std::string& model,
                                                  std::int64_t columns) {
  constexpr int kRawScore = 1;
  constexpr int kFloat32 = 0;
  const Library lightgbm(library);
  const auto load = lightgbm.function<int(const char*, int*, Handle*)>("LGBM_BoosterCreateFromModelfile");
  const auto prepare = lightgbm.function<int(Handle, int, int, int, int, std::int32_t, const char*, Handle*)>(
      "LGBM_BoosterPredictForMatSingleRowFastInit");
  const auto predict =
      lightgbm.function<int(Handle, const void*, std::int64_t*, double*)>("LGBM_BoosterPredictForMatSingleRowFast");
  int rounds = 0;
  Handle booster = nullptr;
  Handle prepared = nullptr;
  check(load(model.c_str(), &rounds, &booster), "LGBM_BoosterCreateFromModelfile");
  check(
      prepare(booster, kRawScore, 0, rounds, kFloat32, static_cast<std::int32_t>(columns), "num_threads=1", &prepared),
      "LGBM_BoosterPredictForMatSingleRowFastInit");
  return [=](const float* row) {
    std::int64_t length = 0;
    double score = 0;
    check(predict(prepared, row, &length, &score), "LGBM_BoosterPredictForMatSingleRowFast");
    return score;
  };
}

std::function<double(const float*)> xgboost_rows(const std::string& library, const std::string& model,
                                                 std::int64_t columns) {
  const Library xgboost(library);
  const auto create = xgboost.function<int(const Handle*, std::uint64_t, Handle*)>("XGBoosterCreate");
  const auto load = xgboost.function<int(Handle, const char*)>("XGBoosterLoadModel");
  const auto set = xgboost.function<int(Handle, const char*, const char*)>("XGBoosterSetParam");
  const auto predict = xgboost.function<int(Handle, const char*, const char*, Handle, const std::uint64_t**,
                                            std::uint64_t*, const float**)>("XGBoosterPredictFromDense");
  Handle booster = nullptr;
  check(create(nullptr, 0, &booster), "XGBoosterCreate");
  check(load(booster, model.c_str()), "XGBoosterLoadModel");
  check(set(booster, "nthread", "1"), "XGBoosterSetParam");
  return [=](const float* row) {
    const std::string values = R"({"data":[)" + std::to_string(reinterpret_cast<std::uintptr_t>(row)) +
                               R"(,true],"shape":[1,)" + std::to_string(columns) + R"(],"typestr":"<f4","version":3})";
    const std::uint64_t* shape = nullptr;
    std::uint64_t dimensions = 0;
    const float* score = nullptr;
    check(predict(booster, values.c_str(),
                  R"({"type":1,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":false,)"
                  R"("cache_id":0,"missing":NaN})",
                  nullptr, &shape, &dimensions, &score),
          "XGBoosterPredictFromDense");
    return static_cast<double>(*score);
  };
}

}  // namespace forja::bench

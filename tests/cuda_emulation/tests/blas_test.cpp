#include "runtime/blas.h"

#include <optional>

#include "forja/error.h"
#include "runtime/library_check.h"
#include "tests/libraries.h"

/// cuda/runtime/blas.h on the emulated cuBLAS: what the products are, and what is refused.
namespace forja::emulation::testing {
namespace {

constexpr auto kN = CUBLAS_OP_N;
constexpr auto kT = CUBLAS_OP_T;
constexpr auto kLower = CUBLAS_FILL_MODE_LOWER;
constexpr auto kUpper = CUBLAS_FILL_MODE_UPPER;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

template <class T>
Columns<T> scaled_sum(double alpha, const Columns<T>& a, double beta, const Columns<T>& b) {
  Columns<T> result(a.rows, a.columns);
  for (std::int64_t j = 0; j < a.columns; ++j) {
    for (std::int64_t i = 0; i < a.rows; ++i) {
      result(i, j) = static_cast<T>(alpha * static_cast<double>(a(i, j)) + beta * static_cast<double>(b(i, j)));
    }
  }
  return result;
}

template <class T>
void check_gemm(const cuda::Context& context, std::int64_t m, std::int64_t n, std::int64_t k) {
  for (const auto op_a : std::array{kN, kT}) {
    for (const auto op_b : std::array{kN, kT}) {
      const auto a = op_a == kN ? numbers<T>(m, k, 1) : numbers<T>(k, m, 1);
      const auto b = op_b == kN ? numbers<T>(k, n, 2) : numbers<T>(n, k, 2);
      const auto c = numbers<T>(m, n, 3);
      auto on_device = upload(context, c);
      cuda::gemm(context, op_a, op_b, m, n, k, T(2), upload(context, a).data(), a.stride, upload(context, b).data(),
                 b.stride, T(0.5), on_device.data(), c.stride);
      const auto result = download(on_device, c);
      const auto expected =
          scaled_sum(2, product(op_a == kN ? a : transposed(a), op_b == kN ? b : transposed(b)), 0.5, c);
      EXPECT_LE(difference(result, expected), kRounding<T>) << m << " x " << n << " by " << k;
      EXPECT_TRUE(gaps_untouched(result));
    }
  }
}

template <class T>
void check_gemm_batch(const cuda::Context& context, std::int64_t m, std::int64_t k) {
  constexpr std::int64_t kCount = 3;
  const auto a = numbers<T>(m, k * kCount, 11);
  const auto c = numbers<T>(m, m * kCount, 12);
  const auto on_device_a = upload(context, a);
  auto on_device = upload(context, c);
  cuda::gemm_batch(context, kN, kT, m, m, k, T(1), on_device_a.data(), a.stride, a.stride * k, on_device_a.data(),
                   a.stride, a.stride * k, T(0), on_device.data(), c.stride, c.stride * m, kCount);
  const auto result = download(on_device, c);
  for (std::int64_t i = 0; i < kCount; ++i) {
    Columns<T> part(m, k);
    Columns<T> found(m, m);
    for (std::int64_t row = 0; row < m; ++row) {
      for (std::int64_t j = 0; j < k; ++j) part(row, j) = a(row, i * k + j);
      for (std::int64_t j = 0; j < m; ++j) found(row, j) = result(row, i * m + j);
    }
    EXPECT_LE(difference(found, product(part, transposed(part))), kRounding<T>) << i << ": " << m << " by " << k;
  }
  EXPECT_TRUE(gaps_untouched(result));
}

template <class T>
void check_gemv(const cuda::Context& context, std::int64_t m, std::int64_t n) {
  for (const auto op : std::array{kN, kT}) {
    const auto a = numbers<T>(m, n, 4);
    const auto x = numbers<T>(op == kN ? n : m, 1, 5, 0);
    const auto y = numbers<T>(op == kN ? m : n, 1, 6, 0);
    auto on_device = upload(context, y);
    cuda::gemv(context, op, m, n, T(-1), upload(context, a).data(), a.stride, upload(context, x).data(), T(2),
               on_device.data());
    EXPECT_LE(difference(download(on_device, y), scaled_sum(-1, product(op == kN ? a : transposed(a), x), 2, y)),
              kRounding<T>)
        << m << " x " << n;
  }
}

template <class T>
void check_syrk(const cuda::Context& context, std::int64_t n, std::int64_t k) {
  for (const auto uplo : std::array{kLower, kUpper}) {
    for (const auto op : std::array{kN, kT}) {
      const auto a = op == kN ? numbers<T>(n, k, 7) : numbers<T>(k, n, 7);
      const auto c = numbers<T>(n, n, 8);
      auto on_device = upload(context, c);
      cuda::syrk(context, uplo, op, n, k, T(1), upload(context, a).data(), a.stride, T(1), on_device.data(), c.stride);
      const auto gram = op == kN ? product(a, transposed(a)) : product(transposed(a), a);
      auto expected = scaled_sum(1, gram, 1, c);
      for (std::int64_t j = 0; j < n; ++j) {
        for (std::int64_t i = 0; i < n; ++i) {
          if (uplo == kLower ? i < j : i > j) expected(i, j) = c(i, j);
        }
      }
      const auto result = download(on_device, c);
      EXPECT_LE(difference(result, expected), kRounding<T>) << n << " by " << k;
      EXPECT_TRUE(gaps_untouched(result));
    }
  }
}

/// A triangle of ones and small numbers; NaN where the call may not look.
template <class T>
Columns<T> triangle(std::int64_t n, cublasFillMode_t uplo, double outside) {
  auto a = numbers<T>(n, n, 9);
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t i = 0; i < n; ++i) {
      a(i, j) = i == j ? T(2) : a(i, j) / static_cast<T>(n);
      if (uplo == kLower ? i < j : i > j) a(i, j) = static_cast<T>(outside);
    }
  }
  return a;
}

template <class T>
void check_trsm(const cuda::Context& context, std::int64_t m, std::int64_t n) {
  for (const auto side : std::array{CUBLAS_SIDE_LEFT, CUBLAS_SIDE_RIGHT}) {
    for (const auto uplo : std::array{kLower, kUpper}) {
      for (const auto op : std::array{kN, kT}) {
        const bool left = side == CUBLAS_SIDE_LEFT;
        const auto a = triangle<T>(left ? m : n, uplo, kNaN);
        const auto b = numbers<T>(m, n, 10);
        auto on_device = upload(context, b);
        cuda::trsm(context, side, uplo, op, CUBLAS_DIAG_NON_UNIT, m, n, T(3), upload(context, a).data(), a.stride,
                   on_device.data(), b.stride);
        const auto x = download(on_device, b);
        const auto whole = triangle<T>(left ? m : n, uplo, 0);
        const auto factor = op == kN ? whole : transposed(whole);
        EXPECT_LE(difference(left ? product(factor, x) : product(x, factor), scaled_sum(3, b, 0, b)), kRounding<T>)
            << m << " x " << n;
        EXPECT_TRUE(gaps_untouched(x));
      }
    }
  }
}

template <class T>
void check_products(const cuda::Context& context) {
  for (const std::int64_t m : kSizes) {
    for (const std::int64_t n : kSizes) {
      for (const std::int64_t k : std::array<std::int64_t, 3>{0, 1, 33}) check_gemm<T>(context, m, n, k);
      check_gemm_batch<T>(context, m, n);
      check_gemv<T>(context, m, n);
      check_syrk<T>(context, m, n);
      check_trsm<T>(context, m, n);
    }
  }
}

TEST_F(Libraries, products_are_what_loops_give_in_eager_and_lazy_streams) {
  for (const bool lazy : {false, true}) {
    Config config;
    config.lazy_streams = lazy;
    reset(config);
    const cuda::Context context(0);
    check_products<float>(context);
    check_products<double>(context);
    EXPECT_EQ(all_reports(), "");
  }
}

TEST_F(Libraries, a_result_times_zero_is_not_read) {
  const cuda::Context context(0);
  const auto a = numbers<float>(4, 4, 1, 0);
  const auto on_device = upload(context, a);
  cuda::DeviceBuffer<float> fresh(context, 16);
  cuda::gemm(context, kN, kN, 4, 4, 4, 1, on_device.data(), 4, on_device.data(), 4, 0, fresh.data(), 4);
  EXPECT_LE(difference(download(fresh, a), product(a, a)), kRounding<float>);
  cuda::DeviceBuffer<float> vector(context, 4);
  cuda::gemv(context, kN, 4, 4, 1, on_device.data(), 4, on_device.data(), 0, vector.data());
  EXPECT_EQ(to_host(vector)[0], to_host(fresh)[0]);
  // Factors times zero, likewise.
  cuda::DeviceBuffer<float> unknown(context, 16);
  cuda::gemm(context, kN, kN, 4, 4, 4, 0, unknown.data(), 4, unknown.data(), 4, 0, fresh.data(), 4);
  EXPECT_EQ(to_host(fresh), std::vector<float>(16, 0));
}

TEST_F(Libraries, memory_of_cublas_is_counted_and_limited) {
  const cuda::Context context(0);
  const std::int64_t workspace = cuda::blas_workspace_bytes(0);
  const auto a = numbers<double>(2, 2, 1, 0);
  const auto on_device = upload(context, a);
  cuda::DeviceBuffer<double> c(context, 4);
  const auto multiply = [&] {
    cuda::gemm(context, kN, kN, 2, 2, 2, 1, on_device.data(), 2, on_device.data(), 2, 0, c.data(), 2);
  };
  cuda::set_memory_limit(0, workspace);
  EXPECT_THROW(multiply(), OutOfMemory);
  cuda::set_memory_limit(0, workspace + 1024);
  multiply();
  EXPECT_EQ(cuda::memory(0).in_use, workspace + 64);
  EXPECT_LE(difference(download(c, a), product(a, a)), kRounding<double>);
}

TEST_F(Libraries, another_devices_products_leave_the_callers_device_current) {
  Config config;
  config.devices = 2;
  reset(config);
  const cuda::Context context(1);
  const auto a = numbers<float>(2, 2, 1, 0);
  const auto on_device = upload(context, a);
  cuda::DeviceBuffer<float> c(context, 4);
  cuda::gemm(context, kN, kN, 2, 2, 2, 1, on_device.data(), 2, on_device.data(), 2, 0, c.data(), 2);
  EXPECT_LE(difference(download(c, a), product(a, a)), kRounding<float>);
  int current = -1;
  ASSERT_EQ(cudaGetDevice(&current), cudaSuccess);
  EXPECT_EQ(current, 0);
}

TEST_F(Libraries, whichever_call_fails_products_leave_nothing_behind) {
  fail_each_call([] {
    const cuda::Context context(0);
    const auto a = numbers<float>(8, 8, 1, 0);
    auto on_device = upload(context, a);
    cuda::DeviceBuffer<float> c(context, 64);
    cuda::gemm(context, kN, kT, 8, 8, 8, 1, on_device.data(), 8, on_device.data(), 8, 0, c.data(), 8);
    cuda::gemm_batch(context, kN, kT, 4, 4, 4, 1, on_device.data(), 4, 16, on_device.data(), 4, 16, 0, c.data(), 4, 16,
                     3);
    cuda::syrk(context, kLower, kN, 8, 8, 1, on_device.data(), 8, 0, c.data(), 8);
    cuda::gemv(context, kN, 8, 8, 1, on_device.data(), 8, on_device.data(), 0, c.data());
    cuda::trsm(context, CUBLAS_SIDE_LEFT, kLower, kN, CUBLAS_DIAG_UNIT, 8, 8, 1, on_device.data(), 8, c.data(), 8);
    context.synchronize();
  });
}

TEST_F(Libraries, an_error_of_cublas_has_the_call_and_its_words) {
  try {
    FORJA_CUBLAS_CHECK(cublasCreate(nullptr));
    FAIL() << "a bad call went unseen";
  } catch (const DeviceUnavailable& error) {
    EXPECT_STREQ(error.what(),
                 "CUDA: cublasCreate(nullptr): an unsupported value or parameter was passed to the function "
                 "(CUBLAS_STATUS_INVALID_VALUE, 7)");
  }
}

/// What cuBLAS must refuse.
class BlasRefuses : public ::testing::Test {
 protected:
  void SetUp() override {
    reset();
    context_.emplace(0);
    handle_ = context_->blas().get();
    a_ = cuda::DeviceBuffer<float>(*context_, 64);
    b_ = cuda::DeviceBuffer<float>(*context_, 64);
    c_ = cuda::DeviceBuffer<float>(*context_, 64);
    for (auto* buffer : {&a_, &b_, &c_}) buffer->fill_bytes(0);
  }
  void TearDown() override {
    for (auto* buffer : {&a_, &b_, &c_}) *buffer = {};
    context_.reset();
    EXPECT_EQ(live_bytes(), 0);
    EXPECT_EQ(live_handles(), 0);
    reset();
  }

  cublasStatus_t gemm(cublasOperation_t op_a, cublasOperation_t op_b, std::int64_t m, std::int64_t n, std::int64_t k,
                      std::int64_t lda, std::int64_t ldb, std::int64_t ldc) {
    return cublasSgemm_64(handle_, op_a, op_b, m, n, k, &one_, a_.data(), lda, b_.data(), ldb, &one_, c_.data(), ldc);
  }
  cublasStatus_t gemm_of(const float* a, const float* b, float* c) {
    return cublasSgemm_64(handle_, kN, kN, 8, 8, 8, &one_, a, 8, b, 8, &one_, c, 8);
  }
  static std::string only_report() {
    const auto all = reports();
    return all.size() == 1 ? all[0].text : "not one report:\n" + all_reports();
  }

  std::optional<cuda::Context> context_;
  cublasHandle_t handle_ = nullptr;
  cuda::DeviceBuffer<float> a_;
  cuda::DeviceBuffer<float> b_;
  cuda::DeviceBuffer<float> c_;
  float one_ = 1;
};

TEST_F(BlasRefuses, negative_sizes_and_short_leading_dimensions) {
  constexpr auto kBad = CUBLAS_STATUS_INVALID_VALUE;
  EXPECT_EQ(gemm(kN, kN, 8, 8, 8, 8, 8, 8), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(gemm(kN, kN, -1, 8, 8, 8, 8, 8), kBad);
  EXPECT_EQ(gemm(kN, kN, 8, -1, 8, 8, 8, 8), kBad);
  EXPECT_EQ(gemm(kN, kN, 8, 8, -1, 8, 8, 8), kBad);
  EXPECT_EQ(gemm(kN, kN, 4, 2, 8, 3, 8, 4), kBad);
  EXPECT_EQ(gemm(kT, kN, 4, 2, 8, 7, 8, 4), kBad);
  EXPECT_EQ(gemm(kN, kN, 4, 2, 8, 4, 7, 4), kBad);
  EXPECT_EQ(gemm(kN, kT, 4, 2, 8, 4, 1, 4), kBad);
  EXPECT_EQ(gemm(kN, kN, 4, 2, 8, 4, 8, 3), kBad);
  EXPECT_EQ(gemm(kN, kN, 0, 0, 0, 0, 1, 1), kBad);
  EXPECT_EQ(gemm(CUBLAS_OP_CONJG, kN, 8, 8, 8, 8, 8, 8), kBad);
  EXPECT_EQ(gemm_of(nullptr, b_.data(), c_.data()), kBad);
  EXPECT_EQ(gemm_of(a_.data(), b_.data(), nullptr), kBad);
  const auto gemv = [&](std::int64_t m, std::int64_t lda, std::int64_t incx, std::int64_t incy) {
    return cublasSgemv_64(handle_, kN, m, 4, &one_, a_.data(), lda, b_.data(), incx, &one_, c_.data(), incy);
  };
  EXPECT_EQ(gemv(4, 4, 2, -1), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(gemv(-1, 4, 1, 1), kBad);
  EXPECT_EQ(gemv(4, 3, 1, 1), kBad);
  EXPECT_EQ(gemv(4, 4, 0, 1), kBad);
  EXPECT_EQ(gemv(4, 4, 1, 0), kBad);
  const auto syrk = [&](cublasFillMode_t uplo, std::int64_t n, std::int64_t lda, std::int64_t ldc) {
    return cublasSsyrk_64(handle_, uplo, kT, n, 8, &one_, a_.data(), lda, &one_, c_.data(), ldc);
  };
  EXPECT_EQ(syrk(kLower, 8, 8, 8), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(syrk(CUBLAS_FILL_MODE_FULL, 8, 8, 8), kBad);
  EXPECT_EQ(syrk(kLower, -8, 8, 8), kBad);
  EXPECT_EQ(syrk(kLower, 8, 7, 8), kBad);
  EXPECT_EQ(syrk(kLower, 8, 8, 7), kBad);
  const auto trsm = [&](cublasSideMode_t side, std::int64_t m, std::int64_t n, std::int64_t lda, std::int64_t ldb) {
    return cublasStrsm_64(handle_, side, kLower, kN, CUBLAS_DIAG_UNIT, m, n, &one_, a_.data(), lda, b_.data(), ldb);
  };
  EXPECT_EQ(trsm(CUBLAS_SIDE_LEFT, 8, 4, 8, 8), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(trsm(CUBLAS_SIDE_LEFT, 8, 4, 7, 8), kBad);
  EXPECT_EQ(trsm(CUBLAS_SIDE_RIGHT, 8, 4, 3, 8), kBad);
  EXPECT_EQ(trsm(CUBLAS_SIDE_RIGHT, 8, 4, 4, 7), kBad);
  EXPECT_EQ(all_reports(), "");
}

TEST_F(BlasRefuses, scalars_on_the_device_and_none) {
  EXPECT_EQ(cublasSgemm_64(handle_, kN, kN, 8, 8, 8, nullptr, a_.data(), 8, b_.data(), 8, &one_, c_.data(), 8),
            CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(all_reports(), "");
  EXPECT_EQ(cublasSgemm_64(handle_, kN, kN, 8, 8, 8, &one_, a_.data(), 8, b_.data(), 8, a_.data(), c_.data(), 8),
            CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(only_report(), "cublasSgemm_v2_64: a scalar lies on the device, but the pointer mode is host");
}

TEST_F(BlasRefuses, settings_that_break_what_forja_promises) {
  EXPECT_EQ(cublasSetPointerMode(handle_, CUBLAS_POINTER_MODE_DEVICE), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(cublasSetMathMode(handle_, CUBLAS_TF32_TENSOR_OP_MATH), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(cublasSetAtomicsMode(handle_, CUBLAS_ATOMICS_ALLOWED), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(reports().size(), 3U);
  cublasMath_t mode = CUBLAS_PEDANTIC_MATH;
  EXPECT_EQ(cublasGetMathMode(handle_, &mode), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(mode, CUBLAS_DEFAULT_MATH);
  EXPECT_EQ(cublasSetWorkspace(handle_, reinterpret_cast<char*>(a_.data()) + 4, 64), CUBLAS_STATUS_INVALID_VALUE);
}

TEST_F(BlasRefuses, a_stream_takes_the_workspace_away) {
  ASSERT_EQ(cublasSetStream(handle_, context_->stream()), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(gemm(kN, kN, 8, 8, 8, 8, 8, 8), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(only_report(), "cublasSgemm_v2_64: without a workspace cuBLAS takes memory outside the pool");
  EXPECT_NE(cublasSetStream(handle_, nullptr), CUBLAS_STATUS_SUCCESS);
}

TEST_F(BlasRefuses, memory_that_is_not_the_devices_or_not_there) {
  std::vector<float> host(64);
  EXPECT_EQ(gemm_of(host.data(), b_.data(), c_.data()), CUBLAS_STATUS_EXECUTION_FAILED);
  EXPECT_TRUE(has_report("library-call")) << all_reports();
  reset();
  EXPECT_EQ(gemm_of(a_.data() + 1, b_.data(), c_.data()), CUBLAS_STATUS_EXECUTION_FAILED);
  EXPECT_TRUE(has_report("out-of-bounds")) << all_reports();
  reset();
  EXPECT_EQ(gemm_of(c_.data(), b_.data(), c_.data()), CUBLAS_STATUS_EXECUTION_FAILED);
  EXPECT_EQ(only_report(), "cublasSgemm_v2_64: c overlaps a");
  reset();
  // Apart, though between each other's columns.
  EXPECT_EQ(cublasSgemm_64(handle_, kN, kN, 4, 4, 4, &one_, c_.data() + 4, 8, b_.data(), 8, &one_, c_.data(), 8),
            CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(all_reports(), "");
  Config lazy;
  lazy.lazy_streams = true;
  reset(lazy);
  float* const gone = b_.data();
  b_ = {};
  EXPECT_EQ(gemm_of(a_.data(), gone, c_.data()), CUBLAS_STATUS_EXECUTION_FAILED);
  EXPECT_TRUE(has_report("use-after-free")) << all_reports();
}

TEST_F(BlasRefuses, handles_that_are_not_alive_and_other_devices) {
  EXPECT_EQ(cublasSgemm_64(nullptr, kN, kN, 8, 8, 8, &one_, a_.data(), 8, b_.data(), 8, &one_, c_.data(), 8),
            CUBLAS_STATUS_NOT_INITIALIZED);
  EXPECT_TRUE(has_report("invalid-handle"));
  Config config;
  config.devices = 2;
  reset(config);
  const cuda::DeviceScope other(1);
  EXPECT_EQ(gemm(kN, kN, 8, 8, 8, 8, 8, 8), CUBLAS_STATUS_EXECUTION_FAILED);
  EXPECT_EQ(only_report(), "cublasSgemm_v2_64: another device is current than when the handle was made");
}

TEST_F(BlasRefuses, a_handle_that_is_not_destroyed_is_alive) {
  const std::int64_t before = live_handles();
  cublasHandle_t leaked = nullptr;
  ASSERT_EQ(cublasCreate(&leaked), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(live_handles(), before + 1);
  EXPECT_EQ(cublasDestroy(leaked), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(live_handles(), before);
  EXPECT_EQ(cublasDestroy(leaked), CUBLAS_STATUS_NOT_INITIALIZED);
}

TEST_F(BlasRefuses, factors_that_were_never_written_where_there_is_a_shadow) {
  const cuda::DeviceBuffer<float> unknown(*context_, 64);
  EXPECT_EQ(gemm_of(a_.data(), unknown.data(), c_.data()), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(all_reports(),
            has_shadow() ? "uninitialised: cublasSgemm_v2_64: b: byte 0 of 256 was never written\n" : "");
}

TEST_F(BlasRefuses, results_that_two_streams_write_at_once_where_there_is_a_shadow) {
  const cuda::Context other(0);
  cuda::gemm(*context_, kN, kN, 8, 8, 8, 1, a_.data(), 8, b_.data(), 8, 1, c_.data(), 8);
  context_->synchronize();
  EXPECT_EQ(all_reports(), "");
  cuda::gemm(*context_, kN, kN, 8, 8, 8, 1, a_.data(), 8, b_.data(), 8, 1, c_.data(), 8);
  cuda::gemm(other, kN, kN, 8, 8, 8, 1, a_.data(), 8, b_.data(), 8, 1, c_.data(), 8);
  context_->synchronize();
  other.synchronize();
  EXPECT_EQ(has_report("race"), has_shadow()) << all_reports();
}

}  // namespace
}  // namespace forja::emulation::testing

#include "runtime/solver.h"

#include "forja/error.h"
#include "runtime/library_check.h"
#include "tests/libraries.h"

/// cuda/runtime/solver.h on the emulated cuSOLVER: what the factors are, and what is refused.
namespace forja::emulation::testing {
namespace {

constexpr auto kLower = CUBLAS_FILL_MODE_LOWER;
constexpr auto kUpper = CUBLAS_FILL_MODE_UPPER;
const std::vector<int> kSuccess = {0};

template <class T>
Columns<T> unit(std::int64_t n) {
  Columns<T> result(n, n);
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t i = 0; i < n; ++i) result(i, j) = i == j ? T(1) : T(0);
  }
  return result;
}

/// The triangle, with zeros elsewhere.
template <class T>
Columns<T> triangle_of(const Columns<T>& a, cublasFillMode_t uplo) {
  Columns<T> result = a;
  for (std::int64_t j = 0; j < a.columns; ++j) {
    for (std::int64_t i = 0; i < a.rows; ++i) {
      if (uplo == kLower ? i < j : i > j) result(i, j) = 0;
    }
  }
  return result;
}

template <class T>
Columns<T> columns_times(const Columns<T>& a, const std::vector<T>& factors) {
  Columns<T> result = a;
  for (std::int64_t j = 0; j < a.columns; ++j) {
    for (std::int64_t i = 0; i < a.rows; ++i) result(i, j) *= factors[static_cast<std::size_t>(j)];
  }
  return result;
}

template <class T>
double orthogonality(const Columns<T>& q) {
  return difference(product(transposed(q), q), unit<T>(q.columns));
}

/// Results of the size of n, to a few roundings of each operation.
template <class T>
double rounding(std::int64_t n) {
  return kRounding<T> * static_cast<double>(std::max<std::int64_t>(n, 1));
}

template <class T>
void check_cholesky(const cuda::Context& context, std::int64_t n) {
  for (const auto uplo : std::array{kLower, kUpper}) {
    const auto a = definite<T>(n, 1);
    const auto b = numbers<T>(n, 3, 2);
    auto factor = upload(context, a);
    auto solution = upload(context, b);
    cuda::Solver solver(context);
    solver.potrf(uplo, n, factor.data(), a.stride);
    solver.potrs(uplo, n, 3, factor.data(), a.stride, solution.data(), b.stride);
    solver.potrs(uplo, n, 0, factor.data(), a.stride, solution.data(), b.stride);
    EXPECT_EQ(solver.finish(), (std::vector<int>{0, 0, 0}));
    const auto half = triangle_of(download(factor, a), uplo);
    EXPECT_LE(difference(uplo == kLower ? product(half, transposed(half)) : product(transposed(half), half), a),
              rounding<T>(n));
    const auto x = download(solution, b);
    EXPECT_LE(difference(product(a, x), b), rounding<T>(n)) << n;
    EXPECT_TRUE(gaps_untouched(x));
  }
}

template <class T>
void check_qr(const cuda::Context& context, std::int64_t m, std::int64_t n) {
  const auto a = numbers<T>(m, n, 3);
  auto factors = upload(context, a);
  cuda::DeviceBuffer<T> tau(context, std::min(m, n));
  cuda::Solver solver(context);
  solver.geqrf(m, n, factors.data(), a.stride, tau.data());
  EXPECT_EQ(solver.finish(), kSuccess);
  const auto r = triangle_of(download(factors, a), kUpper);
  if (m < n) return;
  solver.orgqr(m, n, n, factors.data(), a.stride, tau.data());
  EXPECT_EQ(solver.finish(), kSuccess);
  const auto q = download(factors, a);
  Columns<T> square(n, n);
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t i = 0; i < n; ++i) square(i, j) = r(i, j);
  }
  EXPECT_LE(orthogonality(q), rounding<T>(1)) << m << " x " << n;
  EXPECT_LE(difference(product(q, square), a), rounding<T>(1)) << m << " x " << n;
  EXPECT_TRUE(gaps_untouched(q));
}

template <class T>
void check_eigen(const cuda::Context& context, std::int64_t n) {
  for (const auto uplo : std::array{kLower, kUpper}) {
    const auto a = definite<T>(n, 4);
    auto vectors = upload(context, triangle_of(a, uplo));
    cuda::DeviceBuffer<T> w(context, n);
    cuda::Solver solver(context);
    solver.syevd(uplo, n, vectors.data(), a.stride, w.data());
    EXPECT_EQ(solver.finish(), kSuccess);
    const auto v = download(vectors, a);
    const auto values = to_host(w);
    EXPECT_TRUE(std::is_sorted(values.begin(), values.end()));
    EXPECT_LE(orthogonality(v), rounding<T>(1)) << n;
    EXPECT_LE(difference(product(a, v), columns_times(v, values)), rounding<T>(n)) << n;
  }
}

template <class T>
void check_singular(const cuda::Context& context, std::int64_t m, std::int64_t n) {
  const auto a = numbers<T>(m, n, 5);
  const Columns<T> u(m, n);
  const Columns<T> vt(n, n);
  auto lost = upload(context, a);
  auto left = upload(context, u);
  auto right = upload(context, vt);
  cuda::DeviceBuffer<T> s(context, n);
  cuda::Solver solver(context);
  solver.gesvd(m, n, lost.data(), a.stride, s.data(), left.data(), u.stride, right.data(), vt.stride);
  EXPECT_EQ(solver.finish(), kSuccess);
  const auto values = to_host(s);
  EXPECT_TRUE(std::is_sorted(values.rbegin(), values.rend()));
  const auto got_u = download(left, u);
  const auto got_vt = download(right, vt);
  EXPECT_LE(orthogonality(got_u), rounding<T>(1));
  EXPECT_LE(difference(product(columns_times(got_u, values), got_vt), a), rounding<T>(1)) << m << " x " << n;
  EXPECT_TRUE(gaps_untouched(got_u) && gaps_untouched(got_vt));
}

template <class T>
void check_factors(const cuda::Context& context) {
  for (const std::int64_t m : kSizes) {
    check_cholesky<T>(context, m);
    check_eigen<T>(context, m);
    for (const std::int64_t n : kSizes) {
      check_qr<T>(context, m, n);
      if (m >= n) check_singular<T>(context, m, n);
    }
  }
}

TEST_F(Libraries, factors_are_what_they_claim_in_eager_and_lazy_streams) {
  for (const bool lazy : {false, true}) {
    Config config;
    config.lazy_streams = lazy;
    reset(config);
    const cuda::Context context(0);
    check_factors<float>(context);
    check_factors<double>(context);
    EXPECT_EQ(all_reports(), "");
  }
}

TEST_F(Libraries, a_matrix_that_is_not_definite_names_its_minor) {
  const cuda::Context context(0);
  auto a = definite<double>(8, 1);
  a(5, 5) = -1;
  auto good = upload(context, definite<double>(8, 1));
  auto bad = upload(context, a);
  cuda::Solver solver(context, 2);
  solver.potrf(kLower, 8, good.data(), a.stride);
  solver.potrf(kLower, 8, bad.data(), a.stride);
  EXPECT_THROW(solver.potrf(kLower, 8, bad.data(), a.stride), InvalidArgument);
  EXPECT_EQ(solver.finish(), (std::vector<int>{0, 6}));
  good.upload(definite<double>(8, 1).values);
  solver.potrf(kLower, 8, good.data(), a.stride);
  solver.require_success("potrf");
  bad.upload(a.values);
  solver.potrf(kLower, 8, bad.data(), a.stride);
  try {
    solver.require_success("potrf");
    FAIL() << "a failure went unseen";
  } catch (const DeviceUnavailable& error) {
    EXPECT_STREQ(error.what(), "CUDA: cuSOLVER's potrf: outcome 6");
  }
}

TEST_F(Libraries, a_solver_left_before_its_outcome_waits_for_its_calls) {
  Config config;
  config.lazy_streams = true;
  reset(config);
  const cuda::Context context(0);
  const auto a = definite<float>(8, 1);
  auto factor = upload(context, a);
  {
    cuda::Solver solver(context);
    solver.potrf(kLower, 8, factor.data(), a.stride);
  }
  const auto half = triangle_of(download(factor, a), kLower);
  EXPECT_LE(difference(product(half, transposed(half)), a), rounding<float>(8));
}

TEST_F(Libraries, rows_beyond_what_cusolver_counts_are_refused) {
  const cuda::Context context(0);
  cuda::DeviceBuffer<float> few(context, 1);
  cuda::Solver solver(context);
  EXPECT_THROW(solver.orgqr<float>(std::int64_t{1} << 31, 1, 1, few.data(), std::int64_t{1} << 31, few.data()),
               InvalidArgument);
}

TEST_F(Libraries, whichever_call_fails_factors_leave_nothing_behind) {
  fail_each_call([] {
    const cuda::Context context(0);
    const auto a = definite<double>(6, 1);
    auto first = upload(context, a);
    auto second = upload(context, a);
    auto third = upload(context, a);
    cuda::DeviceBuffer<double> values(context, 6);
    cuda::Solver solver(context, 7);
    solver.potrf(kLower, 6, first.data(), a.stride);
    solver.potrs(kLower, 6, 6, first.data(), a.stride, second.data(), a.stride);
    solver.geqrf(6, 6, second.data(), a.stride, values.data());
    solver.orgqr(6, 6, 6, second.data(), a.stride, values.data());
    solver.syevd(kLower, 6, first.data(), a.stride, values.data());
    solver.gesvd(6, 6, third.data(), a.stride, values.data(), first.data(), a.stride, second.data(), a.stride);
    solver.syevd<double>(kLower, 0, nullptr, 1, nullptr);
    EXPECT_EQ(solver.finish(), std::vector<int>(7, 0));
  });
}

TEST_F(Libraries, an_error_of_cusolver_has_the_call_and_its_words) {
  const auto text = [](cusolverStatus_t status) -> std::string {
    try {
      cuda::throw_cusolver_error(status, "call");
    } catch (const DeviceUnavailable& error) {
      return error.what();
    } catch (const OutOfMemory& error) {
      EXPECT_EQ(error.bytes_free(), config().device_memory);
      return "out of memory";
    }
  };
  EXPECT_EQ(text(CUSOLVER_STATUS_NOT_INITIALIZED), "CUDA: call: CUSOLVER_STATUS_NOT_INITIALIZED, 1");
  EXPECT_EQ(text(CUSOLVER_STATUS_INVALID_VALUE), "CUDA: call: CUSOLVER_STATUS_INVALID_VALUE, 3");
  EXPECT_EQ(text(CUSOLVER_STATUS_EXECUTION_FAILED), "CUDA: call: CUSOLVER_STATUS_EXECUTION_FAILED, 6");
  EXPECT_EQ(text(CUSOLVER_STATUS_ZERO_PIVOT), "CUDA: call: another status of cuSOLVER, 10");
  EXPECT_EQ(text(CUSOLVER_STATUS_ALLOC_FAILED), "out of memory");
}

TEST_F(Libraries, cusolver_refuses_what_is_out_of_range) {
  constexpr auto kBad = CUSOLVER_STATUS_INVALID_VALUE;
  const cuda::Context context(0);
  cusolverDnHandle_t const handle = context.solver().get();
  cusolverDnParams_t const params = context.solver().params();
  cuda::DeviceBuffer<float> a(context, 64);
  cuda::DeviceBuffer<float> work(context, 1024);
  cuda::DeviceBuffer<int> info(context, 1);
  a.fill_bytes(0);
  std::vector<char> host(1024);
  const auto potrf = [&](cublasFillMode_t uplo, std::int64_t n, cudaDataType type, std::int64_t lda, std::size_t bytes,
                         std::size_t host_bytes, int* outcome) {
    return cusolverDnXpotrf(handle, params, uplo, n, type, a.data(), lda, type, work.data(), bytes, host.data(),
                            host_bytes, outcome);
  };
  EXPECT_EQ(potrf(kLower, 8, CUDA_R_32F, 8, 4096, 1024, info.data()), CUSOLVER_STATUS_SUCCESS);
  EXPECT_EQ(potrf(CUBLAS_FILL_MODE_FULL, 8, CUDA_R_32F, 8, 4096, 1024, info.data()), kBad);
  EXPECT_EQ(potrf(kLower, -1, CUDA_R_32F, 8, 4096, 1024, info.data()), kBad);
  EXPECT_EQ(potrf(kLower, 8, CUDA_R_32F, 7, 4096, 1024, info.data()), kBad);
  EXPECT_EQ(potrf(kLower, 8, CUDA_R_32I, 8, 4096, 1024, info.data()), kBad);
  EXPECT_EQ(potrf(kLower, 8, CUDA_R_32F, 8, 16, 1024, info.data()), kBad) << "too small a workspace";
  EXPECT_EQ(potrf(kLower, 8, CUDA_R_32F, 8, 4096, 0, info.data()), kBad) << "none on the host";
  EXPECT_EQ(potrf(kLower, 8, CUDA_R_32F, 8, 4096, 1024, nullptr), kBad);
  std::size_t on_device = 0;
  std::size_t on_host = 0;
  const auto gesvd = [&](signed char job, std::int64_t m, std::int64_t n) {
    return cusolverDnXgesvd_bufferSize(handle, params, job, 'S', m, n, CUDA_R_32F, a.data(), 8, CUDA_R_32F, a.data(),
                                       CUDA_R_32F, a.data(), 8, CUDA_R_32F, a.data(), 8, CUDA_R_32F, &on_device,
                                       &on_host);
  };
  EXPECT_EQ(gesvd('S', 8, 4), CUSOLVER_STATUS_SUCCESS);
  EXPECT_EQ(gesvd('S', 4, 8), kBad) << "wide";
  EXPECT_EQ(gesvd('X', 8, 4), kBad);
  EXPECT_EQ(gesvd('S', 9, 4), kBad) << "a leading dimension of 8";
  int values = 0;
  EXPECT_EQ(cusolverDnSorgqr_bufferSize(handle, 8, 9, 4, a.data(), 8, a.data(), &values), kBad);
  EXPECT_EQ(cusolverDnSorgqr_bufferSize(handle, 8, 4, 5, a.data(), 8, a.data(), &values), kBad);
  EXPECT_EQ(all_reports(), "");
  EXPECT_EQ(cusolverDnSorgqr_bufferSize(nullptr, 8, 4, 4, a.data(), 8, a.data(), &values),
            CUSOLVER_STATUS_NOT_INITIALIZED);
  std::vector<int> on_the_host(1);
  EXPECT_EQ(potrf(kLower, 8, CUDA_R_32F, 8, 4096, 1024, on_the_host.data()), CUSOLVER_STATUS_EXECUTION_FAILED);
  EXPECT_TRUE(has_report("invalid-handle"));
  EXPECT_TRUE(has_report("library-call"));
  reset();
}

}  // namespace
}  // namespace forja::emulation::testing

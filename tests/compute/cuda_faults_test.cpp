// Each CUDA call of a small fit at the seam fails in turn: the error has a name, nothing leaks, the next run works.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "compute/backend.h"
#include "cuda_emulation/control.h"
#include "forja/error.h"
#include "support/kmeans_data.h"
#include "support/kmeans_streamed.h"

namespace forja::testing {
namespace {

/// Every method of the seam once at least.
std::vector<double> use(compute::KMeansCompute<float>& seam) {
  std::vector<double> seen;
  seam.begin_seeding();
  const std::vector<double> u{0.3, 0.8};
  for (int c = 0; c < 2; ++c) {
    for (const auto& candidate : seam.seed_candidates(u)) seen.push_back(candidate.potential);
    seam.seed_accept(c);
  }
  const std::vector<std::int64_t> rows = seam.draw_rows(u);
  seam.use_bounds(true);
  seam.set_centers_from_rows(rows);
  seen.push_back(seam.assign().inertia);
  seam.update();
  seen.push_back(static_cast<double>(seam.assign().recomputed));
  const auto far = seam.farthest_rows(1);
  const std::vector<compute::RowToCluster> moves{{far[0].row, 1}};
  seen.push_back(seam.relabel(moves));
  seam.update();
  seam.set_centers(seam.centers());
  seen.push_back(seam.assign().shift);
  seen.push_back(seam.inertia());
  seam.set_counts(std::vector<double>{1, 2});
  for (const auto& step : seam.batch_steps(5, 0, 2, 40)) seen.push_back(step.inertia);
  seam.replace_centers(moves, 3);
  for (const double count : seam.counts()) seen.push_back(count);
  const std::vector<std::int32_t> labels = seam.labels();
  seen.insert(seen.end(), labels.begin(), labels.end());
  const Matrix<float> taken = seam.take_rows(rows);
  seen.push_back(static_cast<double>(taken(1, 2)));
  return seen;
}

/// The seam on rows that are kept, a prediction, silhouettes.
std::vector<double> kept_run(const compute::Backend& backend) {
  const Matrix<float> x = blobs<float>(150, 3, 4, 6.0, 11);
  std::vector<float> weights(150, 1.0F);
  weights[3] = 2;
  const compute::BackendFor<float>& families = backend.families<float>();
  const auto held = families.upload({0, 0}, x.view());
  Matrix<float> back(150, 3);
  held->download(back.view());
  EXPECT_EQ(back, x);

  const auto seam = families.make_kmeans({0, 0}, Rows<float>(x), weights);
  std::vector<double> seen = use(*seam);
  const auto model = families.make_kmeans_predictor({0, 0}, seam->centers());
  std::vector<std::int32_t> predicted(150);
  model->predict(Rows<float>(x), predicted);
  seen.insert(seen.end(), predicted.begin(), predicted.end());
  Matrix<float> distances(150, 2);
  model->transform(Rows<float>(x), distances.view());
  seen.push_back(static_cast<double>(distances(9, 1)));
  seen.push_back(model->inertia(Rows<float>(x), weights));
  const std::vector<std::int32_t> labels = seam->labels();
  for (const double sample : families.silhouette_samples({0, 0}, Rows<float>(x), labels, 2)) seen.push_back(sample);
  return seen;
}

/// The seam on rows that stream.
std::vector<double> streamed_run(const compute::Backend& backend) {
  const Matrix<float> x = blobs<float>(520, 8, 4, 6.0, 12);
  return use(*make_streamed<float>(Device(backend, 0), x.view()));
}

/// The seam of linear models, tall and wide, and a prediction.
std::vector<double> linear_run(const compute::Backend& backend) {
  std::vector<double> seen;
  const auto see = [&](const auto& values) { seen.insert(seen.end(), values.begin(), values.end()); };
  for (const std::int64_t n : {2, 40}) {
    const Matrix<float> x = blobs<float>(n, 3, 4, 6.0, 13);
    const Matrix<float> y = blobs<float>(n, 2, 4, 6.0, 14);
    const std::vector<float> weights(static_cast<std::size_t>(n), 0.5F);
    const auto rows = backend.families<float>().make_linear({0, 0}, Rows<float>(x), y.view(), weights);
    rows->set_columns(std::vector<float>(5, 1.0F), std::vector<float>(5, 2.0F));
    see(rows->column_ranges(10).mean);
    see(rows->gram().values());
    see(rows->gram_of(std::vector<std::int64_t>{2}).values());
    see(rows->grams(std::vector<std::int64_t>{1, n}).back().values());
    see(rows->residuals(Matrix<double>(2, 3, 0.5), std::vector<double>(2, 1)).gradient.values());
    see(rows->svd(true).values);
    const Matrix<double> w(1, 3, 0.01);
    const std::vector<double> offset(1, 0.5);
    see(rows->curvature({formulas::LossKind::log_loss}, w.view(), offset, 0, 0).values());
    const auto dual = backend.families<float>().make_dual({0, 0}, Rows<float>(x), y.view(), weights,
                                                          {{formulas::LossKind::epsilon_insensitive, 0.5}, 2, 1, 3});
    dual->run(0, 2, std::vector<std::int64_t>{0, 1});
    see(dual->measure().weights.values());
    std::vector<float> predicted(static_cast<std::size_t>(n));
    backend.families<float>()
        .make_linear_predictor({0, 0}, Matrix<double>(1, 3, 0.5), std::vector<double>{1})
        ->predict(Rows<float>(x), {predicted.data(), n, 1});
    see(predicted);
  }
  return seen;
}

/// Silhouettes of rows that stream: there is room for 128 of them and two blocks.
std::vector<double> streamed_silhouettes(const compute::Backend& backend) {
  const Matrix<float> x = blobs<float>(170, 50, 4, 6.0, 12);
  std::vector<std::int32_t> labels(170);
  for (std::size_t i = 0; i < 170; ++i) labels[i] = static_cast<std::int32_t>(i % 2);
  const Device device(backend, 0);
  const Limit limit(device, device.memory().in_use + 42'100);
  return backend.families<float>().silhouette_samples({0, 0}, Rows<float>(x), labels, 2);
}

/// Every decomposition, of tall rows and of wide ones, and a transform.
std::vector<double> decomposition_run(const compute::Backend& backend) {
  const compute::BackendFor<float>& families = backend.families<float>();
  std::vector<double> seen;
  for (const auto& [n, d, side] : {std::tuple{40, 5, compute::Side::columns}, std::tuple{5, 40, compute::Side::rows}}) {
    const Matrix<float> x = blobs<float>(n, d, 4, 6.0, 11);
    const auto seam = families.make_decomposition({0, 0}, Rows<float>(x), true);
    for (const double value : seam->gram_eigenvalues(side)) seen.push_back(value);
    for (const double value : seam->singular_values(side)) seen.push_back(value);
    const Matrix<double> vectors = seam->right_vectors(3);
    seen.insert(seen.end(), vectors.values().begin(), vectors.values().end());
    // Twice the same direction: reflections make the basis.
    Matrix<double> directions(2, d, 1.0);
    seam->set_block(directions.view());
    seam->power_step();
    for (const double value : seam->block_svd().singular_values) seen.push_back(value);
    seen.push_back(seam->total_square());
    seen.push_back(seam->gram_times(vectors.view())(1, 1));
    seen.push_back(static_cast<double>(seam->left_vectors(vectors.view())(1, 1)));
    Matrix<float> y(n, 3);
    Matrix<double> w(d, 3);
    for (std::int64_t i = 0; i < d; ++i) w(i, i % 3) = 2;
    families.make_affine_map({0, 0}, seam->mean(), w.view(), std::vector<double>(3, 1.0))->apply(Rows<float>(x), y);
    seen.push_back(static_cast<double>(y(4, 2)));
    const compute::SparseRows<float> sparse{d, {0, 1, 1, 2}, {0, 4}, {2, 3}};
    families.make_sparse_map({0, 0}, sparse)->apply(Rows<float>(x), y);
    seen.push_back(static_cast<double>(y(4, 2)));
  }
  return seen;
}

/// Kernel machines: two problems that start apart from zero and at it, sums over vectors, a kernel matrix.
std::vector<double> svm_run(const compute::Backend& backend) {
  const compute::BackendFor<float>& families = backend.families<float>();
  const Matrix<float> x = blobs<float>(20, 3, 2, 1.0, 15);
  compute::SvmProblem one;
  for (std::int64_t i = 0; i < 20; ++i) {
    one.rows.push_back(i);
    one.linear.push_back(0);
    one.lower.push_back(0);
    one.upper.push_back(1);
    one.start.push_back(i < 7 ? 1 : 0);
  }
  compute::SvmProblem other = one;
  other.start.clear();
  other.linear[3] = -1;
  other.lower.assign(20, -1);
  std::vector<double> seen;
  const formulas::KernelFunction<float> kernel{formulas::KernelKind::rbf, 0.2F};
  const auto seam = families.make_svm({0, 0}, Rows<float>(x), kernel, {1e-3, 0});
  seam->set_problems(std::vector<compute::SvmProblem>{one, other});
  const std::vector<std::int64_t> both{0, 1};
  for (const auto& state : seam->run(both, std::vector<std::int64_t>{50, 50})) seen.push_back(state.violation);
  for (const auto& state : seam->refresh(both)) seen.push_back(state.violation);
  const std::vector<double> b = seam->solution(0).b;
  seen.insert(seen.end(), b.begin(), b.end());
  const Matrix<double> weights(1, 20, 0.5);
  const std::vector<std::int64_t> end{20};
  Matrix<double> sums(20, 1);
  families.make_svm_predictor({0, 0}, {x.view(), {}, end, weights}, kernel)->sum(Rows<float>(x), sums.view());
  seen.push_back(sums(4, 0));
  Matrix<float> values(20, 20);
  families.kernel_matrix({0, 0}, kernel, Rows<float>(x), Rows<float>(x), values.view());
  seen.push_back(static_cast<double>(values(1, 5)));
  return seen;
}

/// Gradient boosting: a round with a bag and weights, a tree with a category, a prediction.
std::vector<double> boosting_run(const compute::Backend& backend) {
  const compute::BackendFor<float>& families = backend.families<float>();
  Matrix<float> x(40, 2);
  std::vector<double> y(40);
  for (std::int64_t i = 0; i < 40; ++i) {
    x(i, 0) = static_cast<float>(i % 7);
    x(i, 1) = static_cast<float>(i % 3);
    y[static_cast<std::size_t>(i)] = static_cast<double>(i % 7 + 5 * (i % 3));
  }
  compute::BinTable table;
  table.entries = {1.5, 3.5, 0, 1};
  table.first = {0, 2, 4};
  table.categorical = {0, 1};
  const std::vector<double> weights(40, 0.5);
  compute::BoostingPlan plan;
  plan.y = y;
  plan.sample_weight = weights;
  const auto bins = families.bin({0, 0}, Rows<float>(x), table);
  Matrix<std::uint8_t> back(40, 2);
  bins->download(0, back.view());
  const auto seam = families.make_boosting({0, 0}, bins, plan);
  seam->set_scores(Matrix<double>(1, 1, 2.0).view());
  seam->begin_round(0, 0.8);
  const std::vector<std::int64_t> first{0};
  const std::vector<compute::BoostingSplit> root = seam->open(first, std::vector<compute::NodeRule>(1));
  const std::vector<compute::NodeToSplit> parents{{0, root[0], 1, 2, {}, {}, true}};
  std::vector<double> seen{root[0].gain, static_cast<double>(back(5, 1))};
  for (const auto& split : seam->split(parents)) seen.push_back(split.gain);
  const std::vector<std::int64_t> leaves{1, 2};
  for (const auto& sums : seam->leaf_sums(leaves)) seen.push_back(sums.gradient);
  for (const double middle : seam->leaf_quantiles(leaves, 0.5)) seen.push_back(middle);
  seam->add(std::vector<compute::LeafValue>{{1, 0.5}, {2, -1}});
  seen.push_back(seam->losses().learned);
  Matrix<double> scores(40, 1);
  seam->scores(scores.view());
  seen.push_back(scores(3, 0));
  const std::vector<compute::ForestNode> nodes{{2, 0, 0, 1}, {0, 3}, {0, 4}};
  const std::vector<std::int64_t> trees{0, 3};
  const std::vector<double> baseline{0.25};
  families.make_boosting_predictor({0, 0}, {nodes, trees, {}, baseline, &table})->sum(Rows<float>(x), 0, 1, scores);
  seen.push_back(scores(6, 0));
  return seen;
}

/// Calls from one that fails to the next: every one but where AddressSanitizer makes a run ten times as long.
#ifdef __SANITIZE_ADDRESS__
constexpr std::int64_t kStep = 7;
#else
constexpr std::int64_t kStep = 1;
#endif

void fail_each_call(const std::function<std::vector<double>(const compute::Backend&)>& run) {
  const compute::Backend& backend = compute::open_backend(FORJA_EMULATED_BACKEND);
  const std::vector<double> expected = run(backend);
  emulation::reset();
  EXPECT_EQ(run(backend), expected);
  const std::int64_t calls = emulation::api_calls();
  ASSERT_GT(calls, 50);
  const std::int64_t bytes = emulation::live_bytes();
  const std::int64_t handles = emulation::live_handles();
  std::int64_t failed = 0;
  for (std::int64_t call = 1; call <= calls; call += kStep) {
    SCOPED_TRACE("call " + std::to_string(call) + " of " + std::to_string(calls));
    emulation::Config config;
    config.fail_at = call;
    emulation::reset(config);
    try {
      // A fault in a destructor is swallowed, and one allocation is tried again.
      EXPECT_EQ(run(backend), expected);
    } catch (const OutOfMemory&) {
      ++failed;
    } catch (const DeviceUnavailable&) {
      ++failed;
    }
    EXPECT_EQ(emulation::live_bytes(), bytes);
    EXPECT_EQ(emulation::live_handles(), handles);
    for (const emulation::Report& report : emulation::reports()) ADD_FAILURE() << report.kind << ": " << report.text;
    emulation::reset();
    EXPECT_EQ(backend.memory(0).in_use, 0);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(failed, calls / kStep / 3);
  emulation::reset();
  EXPECT_EQ(run(backend), expected);
}

TEST(CudaFaults, whichever_call_fails_the_error_has_a_name_nothing_leaks_and_the_next_run_works) {
  fail_each_call(kept_run);
}

TEST(CudaFaults, whichever_call_fails_where_rows_stream_nothing_leaks_and_the_next_run_works) {
  fail_each_call(streamed_run);
}

TEST(CudaFaults, whichever_call_fails_in_linear_models_nothing_leaks_and_the_next_run_works) {
  fail_each_call(linear_run);
}

TEST(CudaFaults, whichever_call_fails_where_silhouettes_stream_nothing_leaks_and_the_next_run_works) {
  fail_each_call(streamed_silhouettes);
}

TEST(CudaFaults, whichever_call_of_kernel_machines_fails_nothing_leaks_and_the_next_run_works) {
  fail_each_call(svm_run);
}

TEST(CudaFaults, whichever_call_of_boosting_fails_nothing_leaks_and_the_next_run_works) {
  fail_each_call(boosting_run);
}

TEST(CudaFaults, whichever_call_of_a_decomposition_fails_nothing_leaks_and_the_next_run_works) {
  fail_each_call(decomposition_run);
}

}  // namespace
}  // namespace forja::testing

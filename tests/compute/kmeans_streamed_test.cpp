// Rows that do not fit on a CUDA device stream through it, and no result tells.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "forja/error.h"
#include "support/kmeans_data.h"
#include "support/kmeans_everything.h"
#include "support/kmeans_seam.h"
#include "support/kmeans_streamed.h"

namespace forja::testing {
namespace {

template <class Body>
void on_every_cuda_device(const Body& body) {
  int count = 0;
  on_every_device([&](const Device& device) {
    if (!device.is_cuda()) return;
    ++count;
    body(device);
  });
  if (count == 0) GTEST_SKIP() << "no CUDA device, emulated or real, is under test";
}

void expect_same(const std::vector<double>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], expected[i]) << "number " << i;
}

template <class T>
class KMeansStreamed : public ::testing::Test {};
using Storage = ::testing::Types<float, double>;
TYPED_TEST_SUITE(KMeansStreamed, Storage);

TYPED_TEST(KMeansStreamed, every_result_has_the_bits_of_rows_that_were_kept) {
  using T = TypeParam;
  on_every_cuda_device([](const Device& device) {
    Matrix<T> wide = blobs<T>(1290, 25, 12, 3.0, 61);
    for (std::int64_t i = 0; i < wide.rows(); ++i) wide(i, 24) = std::numeric_limits<T>::quiet_NaN();
    const std::vector<T> weights = some_weights<T>(wide.rows(), true);
    const MatrixView<const T> apart(wide.data(), wide.rows(), 24, 25);
    const Matrix<T> dense(apart);
    const std::vector<double> expected = everything(*make<T>(device, dense), 12);
    expect_same(everything(*make_streamed<T>(device, dense), 12), expected);
    expect_same(everything(*make_streamed<T>(device, apart), 12), expected);
    expect_same(everything(*make_streamed<T>(device, apart, weights), 12),
                everything(*make<T>(device, dense, weights), 12));
  });
}

TYPED_TEST(KMeansStreamed, seeding_without_room_for_the_candidates_distances_measures_again) {
  using T = TypeParam;
  on_every_cuda_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(1000, 20, 5, 3.0, 62);
    const std::vector<double> expected = everything(*make<T>(device, x), 6);
    for (const bool streamed : {false, true}) {
      const auto seam = streamed ? make_streamed<T>(device, x.view()) : make<T>(device, x);
      // Five times 1000 distances do not fit in half of this; the farthest rows' distances and six centres do.
      const Limit limit(device, device.memory().in_use + 8 * 1000 * static_cast<std::int64_t>(sizeof(T)));
      expect_same(everything(*seam, 6), expected);
    }
  });
}

TYPED_TEST(KMeansStreamed, batches_of_more_rows_than_a_block_are_those_of_rows_that_were_kept) {
  using T = TypeParam;
  on_every_cuda_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(1100, 20, 5, 3.0, 63);
    const auto kept = make<T>(device, x);
    const auto streamed = make_streamed<T>(device, x.view());
    for (auto* seam : {kept.get(), streamed.get()}) seam->set_centers(Matrix<double>(x.view().middle_rows(0, 5)));
    for (const std::int64_t batch_size : {1, 255, 256, 257, 700, 1500}) {
      const auto expected = kept->batch_steps(3, 0, 3, batch_size);
      const auto found = streamed->batch_steps(3, 0, 3, batch_size);
      for (std::size_t step = 0; step < 3; ++step) {
        EXPECT_EQ(found[step].inertia, expected[step].inertia);
        EXPECT_EQ(found[step].weight, expected[step].weight);
      }
      ASSERT_EQ(streamed->centers(), kept->centers());
      ASSERT_EQ(streamed->counts(), kept->counts());
    }
  });
}

TYPED_TEST(KMeansStreamed, bounds_leave_out_the_rows_that_they_leave_out_where_rows_are_kept) {
  using T = TypeParam;
  on_every_cuda_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(1100, 20, 5, 3.0, 67);
    const auto kept = make<T>(device, x);
    const auto streamed = make_streamed<T>(device, x.view());
    for (auto* seam : {kept.get(), streamed.get()}) {
      seam->use_bounds(true);
      seam->set_centers(Matrix<double>(x.view().middle_rows(0, 5)));
    }
    std::int64_t recomputed = 0;
    for (int i = 0; i < 5; ++i) {
      const compute::KMeansPass expected = kept->assign();
      const compute::KMeansPass found = streamed->assign();
      ASSERT_EQ(streamed->labels(), kept->labels());
      EXPECT_EQ(found.inertia, expected.inertia);
      EXPECT_EQ(found.changed, expected.changed);
      EXPECT_EQ(found.recomputed, expected.recomputed);
      recomputed = found.recomputed;
      kept->update();
      streamed->update();
    }
    EXPECT_LT(recomputed, 1100);
  });
}

TYPED_TEST(KMeansStreamed, silhouettes_of_more_rows_than_fit_are_the_same) {
  using T = TypeParam;
  on_every_cuda_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(400, 40, 3, 3.0, 68);
    std::vector<std::int32_t> labels(400);
    for (std::size_t i = 0; i < 400; ++i) labels[i] = static_cast<std::int32_t>(i % 3 == 0 ? 0 : i % 4);
    const auto samples = [&] {
      return device.backend().families<T>().silhouette_samples({device.index(), device.threads()}, Rows<T>(x), labels,
                                                               4);
    };
    const std::vector<double> expected = samples();
    const Limit limit(device, device.memory().in_use + bytes_of(x.view()));
    expect_same(samples(), expected);
  });
}

TYPED_TEST(KMeansStreamed, predictions_of_more_rows_than_fit_are_the_same) {
  using T = TypeParam;
  on_every_cuda_device([](const Device& device) {
    // Rows so few that their size is not looked at before, and more than that.
    for (const std::int64_t columns : {60, 600}) {
      const Matrix<T> x = blobs<T>(700, columns, 4, 3.0, 64);
      const std::vector<T> weights = some_weights<T>(700, true);
      const auto model = device.backend().families<T>().make_kmeans_predictor(
          {device.index(), device.threads()}, Matrix<double>(x.view().middle_rows(0, 4)));
      const auto all = [&] {
        std::vector<std::int32_t> labels(700);
        model->predict(Rows<T>(x), labels);
        Matrix<T> distances(700, 4);
        model->transform(Rows<T>(x), distances.view());
        std::vector<double> seen(labels.begin(), labels.end());
        seen.insert(seen.end(), distances.values().begin(), distances.values().end());
        seen.push_back(model->inertia(Rows<T>(x), weights));
        return seen;
      };
      const std::vector<double> expected = all();
      const Limit limit(device, device.memory().in_use + bytes_of(x.view()) / 2);
      expect_same(all(), expected);
    }
  });
}

TYPED_TEST(KMeansStreamed, distances_of_more_rows_than_fit_are_the_same) {
  using T = TypeParam;
  on_every_cuda_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(2700, 1, 4, 3.0, 66);
    const Matrix<double> centers(x.view().middle_rows(0, 100));
    const auto model =
        device.backend().families<T>().make_kmeans_predictor({device.index(), device.threads()}, centers);
    Matrix<T> expected(2700, 100);
    model->transform(Rows<T>(x), expected.view());
    Matrix<T> found(2700, 100);
    const Limit limit(device, device.memory().in_use + 2700 * 50 * static_cast<std::int64_t>(sizeof(T)));
    model->transform(Rows<T>(x), found.view());
    EXPECT_EQ(found, expected);
  });
}

TYPED_TEST(KMeansStreamed, where_no_block_fits_memory_is_out_and_fewer_columns_work) {
  using T = TypeParam;
  on_every_cuda_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(600, 90, 4, 3.0, 65);
    const std::int64_t before = device.memory().in_use;
    const std::int64_t block = 256 * 90 * static_cast<std::int64_t>(sizeof(T));
    const Limit limit(device, before + block + 1000);
    try {
      make<T>(device, x);
      FAIL() << "two blocks fitted where there was room for one";
    } catch (const OutOfMemory& error) {
      EXPECT_EQ(error.bytes_requested(), block);
      EXPECT_EQ(error.bytes_free(), 1000);
    }
    EXPECT_EQ(device.memory().in_use, before);
    const Matrix<T> narrow = blobs<T>(600, 9, 4, 3.0, 65);
    const auto seam = make<T>(device, narrow);
    seam->set_centers_from_rows(std::vector<std::int64_t>{1, 2});
    EXPECT_EQ(seam->assign().changed, 600);
  });
}

}  // namespace
}  // namespace forja::testing

// Folds: every row tested once, sizes and labels' shares even, chance by the seed alone; and scores by folds.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "forja/error.h"
#include "forja/kmeans.h"
#include "forja/model_selection.h"
#include "support/files.h"

namespace {

using forja::InvalidArgument;
using forja::KFold;
using forja::KFoldOptions;
using forja::Matrix;
using forja::SplitRows;
using forja::StratifiedKFold;
using forja::testing::refusal;
using Labels = std::vector<std::int32_t>;
using RowLists = std::vector<std::vector<std::int64_t>>;

RowLists test_parts(const std::vector<SplitRows>& folds) {
  RowLists parts;
  parts.reserve(folds.size());
  for (const SplitRows& fold : folds) parts.push_back(fold.test);
  return parts;
}

/// Each row is tested once, learned from otherwise; both parts ascend; test parts differ by a row at most.
void expect_folds(const std::vector<SplitRows>& folds, std::int64_t n_rows) {
  std::vector<int> tested(static_cast<std::size_t>(n_rows));
  for (const SplitRows& fold : folds) {
    std::vector<int> here(static_cast<std::size_t>(n_rows));
    for (const std::int64_t row : fold.test)
      ++here[static_cast<std::size_t>(row)], ++tested[static_cast<std::size_t>(row)];
    for (const std::int64_t row : fold.train) ++here[static_cast<std::size_t>(row)];
    EXPECT_EQ(here, std::vector<int>(static_cast<std::size_t>(n_rows), 1));
    EXPECT_TRUE(std::is_sorted(fold.test.begin(), fold.test.end()));
    EXPECT_TRUE(std::is_sorted(fold.train.begin(), fold.train.end()));
    EXPECT_GE(std::ssize(fold.test), n_rows / std::ssize(folds));
    EXPECT_LE(std::ssize(fold.test), n_rows / std::ssize(folds) + 1);
  }
  EXPECT_EQ(tested, std::vector<int>(static_cast<std::size_t>(n_rows), 1));
}

TEST(KFolds, rows_are_tested_in_turn_as_in_scikit_learn) {
  EXPECT_EQ(test_parts(KFold({.n_splits = 3}).split(8)), (RowLists{{0, 1, 2}, {3, 4, 5}, {6, 7}}));
  EXPECT_EQ(std::ssize(KFold().split(11)), 5);
}

TEST(KFolds, every_row_is_tested_once_shuffled_or_not) {
  for (const bool shuffle : {false, true}) {
    for (const std::int64_t n_splits : {2, 3, 7}) {
      for (const std::int64_t n_rows : {7, 8, 13, 100}) {
        expect_folds(KFold({.n_splits = n_splits, .shuffle = shuffle, .seed = 3}).split(n_rows), n_rows);
      }
    }
  }
}

TEST(KFolds, chance_comes_from_the_seed_alone) {
  const KFoldOptions one{.shuffle = true, .seed = 1};
  const KFoldOptions two{.shuffle = true, .seed = 2};
  EXPECT_EQ(test_parts(KFold(one).split(50)), test_parts(KFold(one).split(50)));
  EXPECT_NE(test_parts(KFold(one).split(50)), test_parts(KFold(two).split(50)));
  Labels labels(50);
  for (std::size_t i = 0; i < 50; ++i) labels[i] = static_cast<std::int32_t>(i % 3);
  EXPECT_EQ(test_parts(StratifiedKFold(one).split(labels)), test_parts(StratifiedKFold(one).split(labels)));
  EXPECT_NE(test_parts(StratifiedKFold(one).split(labels)), test_parts(StratifiedKFold(two).split(labels)));
}

TEST(KFolds, labels_are_dealt_out_as_in_scikit_learn) {
  const Labels labels = {0, 0, 0, 1, 1, 1, 1, 0, 1, 0, 2, 2, 2};
  EXPECT_EQ(test_parts(StratifiedKFold({.n_splits = 3}).split(labels)),
            (RowLists{{0, 1, 3, 4, 10}, {2, 5, 7, 11}, {6, 8, 9, 12}}));
}

TEST(KFolds, labels_are_spread_to_within_a_row) {
  Labels labels(103);
  for (std::size_t i = 0; i < 103; ++i) labels[i] = i % 10 < 6 ? -4 : (i % 10 < 9 ? 0 : 1000);
  for (const bool shuffle : {false, true}) {
    const auto folds = StratifiedKFold({.n_splits = 4, .shuffle = shuffle, .seed = 9}).split(labels);
    expect_folds(folds, 103);
    std::map<std::int32_t, std::vector<std::int64_t>> counts;
    for (const SplitRows& fold : folds) {
      std::map<std::int32_t, std::int64_t> here;
      for (const std::int64_t row : fold.test) ++here[labels[static_cast<std::size_t>(row)]];
      for (const auto& [label, count] : here) counts[label].push_back(count);
    }
    for (const auto& [label, of_folds] : counts) {
      ASSERT_EQ(of_folds.size(), 4U) << label;
      EXPECT_LE(*std::max_element(of_folds.begin(), of_folds.end()),
                *std::min_element(of_folds.begin(), of_folds.end()) + 1)
          << label;
    }
  }
}

TEST(KFolds, folds_that_cannot_be_filled_are_refused) {
  const auto refused = [](const KFoldOptions& options, std::int64_t rows) {
    return refusal<InvalidArgument>([&] { KFold(options).split(rows); });
  };
  EXPECT_EQ(refused({.n_splits = 1}, 9), "KFold::split: n_splits = 1 but it must be an integer of at least 2");
  EXPECT_EQ(refused({.n_splits = 6}, 5), "KFold::split: n_splits = 6 but there are 5 rows");
  EXPECT_EQ(refused({}, 0), "KFold::split: n_splits = 5 but there are 0 rows");
  EXPECT_EQ(refusal<InvalidArgument>([] {
              StratifiedKFold({.n_splits = 3}).split(Labels{7, 7, 7, 8, 8});
            }),
            "StratifiedKFold::split: n_splits = 3 but label 8 has 2 rows");
}

TEST(CrossValidation, a_callable_scores_each_fold) {
  const auto folds = KFold({.n_splits = 3}).split(8);
  const std::vector<double> scores =
      forja::cross_val_score(folds, [](const SplitRows& fold) { return 10 * fold.train.size() + fold.test.size(); });
  EXPECT_EQ(scores, (std::vector<double>{53, 53, 62}));
}

TEST(CrossValidation, a_clusterer_is_fitted_anew_for_each_fold) {
  Matrix<float> x(40, 2);
  for (std::int64_t i = 0; i < 40; ++i) {
    x(i, 0) = static_cast<float>(i % 2 == 0 ? 10 : -10) + static_cast<float>(i) / 64;
    x(i, 1) = static_cast<float>(i % 7);
  }
  const auto folds = KFold({.n_splits = 4, .shuffle = true, .seed = 2}).split(40);
  forja::KMeans<float> model({.n_clusters = 2, .seed = 5}, forja::Device::cpu());
  const std::vector<double> scores = forja::cross_val_score(model, x, folds);
  EXPECT_FALSE(model.is_fitted());
  ASSERT_EQ(scores.size(), 4U);
  for (std::size_t f = 0; f < 4; ++f) {
    model.fit(forja::take_rows(x, folds[f].train));
    EXPECT_EQ(scores[f], model.score(forja::take_rows(x, folds[f].test)));
    EXPECT_LT(scores[f], 0);
  }
}

/// The mean of the targets, which is what the simplest of models predicts.
template <class T>
class MeanModel {
 public:
  MeanModel& fit(forja::MatrixView<const T>, std::span<const T> y) {
    mean_ = 0;
    for (const T value : y) mean_ += value / static_cast<T>(y.size());
    fitted_ = true;
    return *this;
  }
  std::vector<T> predict(forja::MatrixView<const T> x) const {
    return std::vector<T>(static_cast<std::size_t>(x.rows()), mean_);
  }
  /// Not R^2, so that the test can tell what was learned: the mean itself, plus the number of rows judged.
  double score(forja::MatrixView<const T> x, std::span<const T>) const {
    return static_cast<double>(mean_) + static_cast<double>(x.rows());
  }
  bool is_fitted() const { return fitted_; }
  std::int64_t n_features_in() const { return 1; }
  forja::Params get_params() const { return {}; }
  MeanModel& set_params(const forja::Params&) { return *this; }
  void save(std::ostream&) const {}
  static MeanModel load(std::istream&) { return {}; }

 private:
  T mean_ = 0;
  bool fitted_ = false;
};

TEST(CrossValidation, targets_go_with_their_rows) {
  static_assert(forja::Regressor<MeanModel<double>>);
  static_assert(!forja::Classifier<MeanModel<double>>);
  const Matrix<double> x(6, 1);
  const std::vector<double> y = {0, 0, 30, 30, 60, 60};
  const auto folds = KFold({.n_splits = 3}).split(6);
  EXPECT_EQ(forja::cross_val_score(MeanModel<double>(), x, y, folds), (std::vector<double>{47, 32, 17}));
}

}  // namespace

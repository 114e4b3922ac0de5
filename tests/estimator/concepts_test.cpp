// Which model is of which kind, and that a template may ask for a kind.

#include "forja/concepts.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "forja/kmeans.h"
#include "forja/linear.h"
#include "forja/preprocessing.h"
#include "forja/ridge_cv.h"

namespace {

using namespace forja;

template <class Model>
constexpr bool kClustersAndTransforms =
    Estimator<Model>&& Clusterer<Model>&& Transformer<Model> && !Classifier<Model> && !Regressor<Model>;
static_assert(kClustersAndTransforms<KMeans<float>> && kClustersAndTransforms<KMeans<double>>);
static_assert(kClustersAndTransforms<MiniBatchKMeans<float>> && kClustersAndTransforms<MiniBatchKMeans<double>>);

template <class Model>
constexpr bool kOnlyTransforms =
    Estimator<Model>&& Transformer<Model> && !Clusterer<Model> && !Classifier<Model> && !Regressor<Model>;
static_assert(kOnlyTransforms<StandardScaler<float>> && kOnlyTransforms<StandardScaler<double>>);
static_assert(kOnlyTransforms<MinMaxScaler<float>> && kOnlyTransforms<MinMaxScaler<double>>);
static_assert(kOnlyTransforms<PolynomialFeatures<float>> && kOnlyTransforms<PolynomialFeatures<double>>);
static_assert(kOnlyTransforms<OneHotEncoder<float>> && kOnlyTransforms<OneHotEncoder<double>>);
static_assert(kOnlyTransforms<SimpleImputer<float>> && kOnlyTransforms<SimpleImputer<double>>);

template <class Model>
constexpr bool kPredictsNumbers = Estimator<Model>&& Regressor<Model> && !Classifier<Model> && !Clusterer<Model>;
static_assert(kPredictsNumbers<LinearRegression<float>> && kPredictsNumbers<LinearRegression<double>>);
static_assert(kPredictsNumbers<RidgeCV<float>> && kPredictsNumbers<RidgeCV<double>>);
static_assert(kPredictsNumbers<Ridge<float>> && kPredictsNumbers<Ridge<double>>);

static_assert(!Estimator<Matrix<float>> && !Estimator<std::vector<float>> && !Estimator<int>);
static_assert(std::same_as<StorageType<const KMeans<double>&>, double>);

std::string kind(const Clusterer auto&) { return "clusterer"; }
template <Transformer Model>
requires(!Clusterer<Model>) std::string kind(const Model&) { return "transformer"; }

TEST(Concepts, a_template_takes_what_it_asks_for) {
  EXPECT_EQ(kind(KMeans<float>({}, Device::cpu())), "clusterer");
  EXPECT_EQ(kind(StandardScaler<double>()), "transformer");
}

}  // namespace

// Readers and generators: what they read, and what they refuse.

#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "forja/data.h"
#include "forja/error.h"
#include "support/data.h"

namespace {

using namespace std::string_literals;

/// A file of these bytes that is gone at the end of the test.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& bytes, bool gzip = false)
      : path_(std::filesystem::path(::testing::TempDir()) /
              ("forja_"s + ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    if (gzip) {
      gzFile file = gzopen(path_.c_str(), "wb");
      gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
      gzclose(file);
    } else {
      std::ofstream(path_, std::ios::binary) << bytes;
    }
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

const std::string kImages = "\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x03\x01\x02\x03\xfd\xfe\xff"s;
const std::string kLabels = "\0\0\x08\x01\0\0\0\x03\x07\0\xff"s;

std::string npy(const std::string& header, const std::string& values) {
  std::string bytes = "\x93NUMPY\x01\0"s;
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  return bytes + header + values;
}
template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.begin(), bytes.size());
  return bytes;
}

template <class Read>
std::string refusal(const Read& read) {
  try {
    read();
  } catch (const forja::DataError& refused) {
    return refused.what();
  }
  return "not refused";
}

TEST(Idx, images_are_rows_and_labels_numbers_plain_and_gzip) {
  for (const bool gzip : {false, true}) {
    const TemporaryFile images(kImages, gzip);
    EXPECT_EQ(forja::read_idx_images<float>(images.path()), forja::Matrix<float>(2, 3, {1, 2, 3, 253, 254, 255}));
    const TemporaryFile labels(kLabels, gzip);
    EXPECT_EQ(forja::read_idx_labels(labels.path()), (std::vector<std::int32_t>{7, 0, 255}));
  }
}

TEST(Idx, every_truncation_is_refused) {
  for (std::size_t size = 0; size < kImages.size(); ++size) {
    const TemporaryFile file(kImages.substr(0, size));
    EXPECT_THROW(forja::read_idx_images<double>(file.path()), forja::DataError) << size;
  }
}

TEST(Idx, a_promise_beyond_the_file_is_refused_before_memory_is_taken) {
  const TemporaryFile file("\0\0\x08\x04\x7f\xff\xff\xff\x7f\xff\xff\xff\x7f\xff\xff\xff\x7f\xff\xff\xff"s);
  EXPECT_THROW(forja::read_idx_images<float>(file.path()), forja::DataError);
  const TemporaryFile none("\0\0\x08\x03\0\0\0\0\x7f\xff\xff\xff\x7f\xff\xff\xff"s);
  EXPECT_EQ(forja::read_idx_images<float>(none.path()).rows(), 0);
  const TemporaryFile wide("\0\0\x08\x04\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"s);
  EXPECT_THROW(forja::read_idx_images<float>(wide.path()), forja::DataError);
}

TEST(Idx, a_missing_file_a_folder_and_images_as_labels_are_refused_by_name) {
  EXPECT_EQ(refusal([] { forja::read_idx_labels("no_such_file"); }), "no_such_file: No such file or directory");
  EXPECT_EQ(refusal([] { forja::read_idx_labels("."); }), ".: is a folder");
  const TemporaryFile images(kImages);
  EXPECT_EQ(refusal([&] { forja::read_idx_labels(images.path()); }),
            images.path().string() + ": 3 dimensions but labels have 1");
}

TEST(Idx, mnist_has_its_60000_images) {
  const auto folder = forja::testing::data_dir();
  if (!folder) GTEST_SKIP() << "FORJA_DATA_DIR is not set";
  const auto x = forja::read_idx_images<float>(*folder / "mnist/train-images-idx3-ubyte.gz");
  EXPECT_EQ(x.rows(), 60'000);
  EXPECT_EQ(x.columns(), 784);
  EXPECT_EQ(forja::read_idx_labels(*folder / "mnist/train-labels-idx1-ubyte.gz")[0], 5);
}

TEST(Idx, a_name_too_long_for_the_system_is_refused_as_any_other) {
  EXPECT_THROW(forja::read_idx_labels(std::string(5000, 'x')), forja::DataError);
}

TEST(Matrix, a_size_beyond_64_bits_is_refused) {
  EXPECT_THROW(forja::Matrix<float>(std::int64_t{1} << 32, std::int64_t{1} << 32), forja::InvalidArgument);
  EXPECT_THROW(forja::make_blobs<float>({.n_samples = std::int64_t{1} << 32, .n_features = std::int64_t{1} << 32}),
               forja::InvalidArgument);
}

TEST(Npy, floats_and_doubles_of_one_and_two_dimensions) {
  const TemporaryFile two(
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }\n", bytes_of<float>({1, 2, 3, 4})));
  EXPECT_EQ(forja::read_npy<double>(two.path()), forja::Matrix<double>(2, 2, {1, 2, 3, 4}));
  const TemporaryFile one(
      npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }\n", bytes_of<double>({1, 2, 0.5})));
  EXPECT_EQ(forja::read_npy<float>(one.path()), forja::Matrix<float>(3, 1, {1, 2, 0.5F}));
}

TEST(Npy, other_types_orders_and_sizes_are_refused) {
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }";
  const std::string values = bytes_of<float>({1, 2, 3, 4});
  const auto refused = [](const std::string& bytes) {
    const TemporaryFile file(bytes);
    return refusal([&] { forja::read_npy<float>(file.path()); }) != "not refused";
  };
  EXPECT_FALSE(refused(npy(good, values)));
  EXPECT_TRUE(refused(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 2), }", values)));
  EXPECT_TRUE(refused(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", values)));
  EXPECT_TRUE(refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", values)));
  EXPECT_TRUE(refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 2), }", values)));
  EXPECT_TRUE(refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387905, 4), }", values)));
  const std::string whole = npy(good, values);
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_TRUE(refused(whole.substr(0, size))) << size;
}

TEST(Blobs, rows_lie_around_their_centres_and_the_seed_is_the_only_chance) {
  const forja::BlobsOptions options{.n_samples = 6000, .n_features = 3, .centers = 4, .cluster_std = 0.5, .seed = 7};
  const auto blobs = forja::make_blobs<double>(options);
  std::vector<double> count(4, 0.0);
  double square = 0;
  for (std::int64_t i = 0; i < 6000; ++i) {
    const std::int32_t label = blobs.labels[static_cast<std::size_t>(i)];
    count[static_cast<std::size_t>(label)] += 1;
    for (std::int64_t j = 0; j < 3; ++j) square += std::pow(blobs.x(i, j) - blobs.centers(label, j), 2);
  }
  // A share of 1/4 of 6000 has a standard deviation of 34; the variance's is 0.25 sqrt(2 / 18000).
  for (const double rows : count) EXPECT_NEAR(rows, 1500, 5 * 34);
  EXPECT_NEAR(square / 18000, 0.25, 5 * 0.25 * std::sqrt(2.0 / 18000));
  EXPECT_EQ(forja::make_blobs<double>(options).x, blobs.x);
  EXPECT_NE(forja::make_blobs<double>({.n_samples = 6000, .n_features = 3, .centers = 4, .seed = 8}).x, blobs.x);
  EXPECT_THROW(forja::make_blobs<float>({.n_samples = 0}), forja::InvalidArgument);
  EXPECT_THROW(forja::make_blobs<float>({.cluster_std = -1}), forja::InvalidArgument);
}

}  // namespace

// IDX files: images and labels of every stored type, and what is refused.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "forja/data.h"
#include "forja/error.h"
#include "support/data.h"
#include "support/files.h"

namespace {

using namespace std::string_literals;
using forja::Matrix;
using forja::testing::TemporaryFile;

const std::string kImages = "\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x03\x01\x02\x03\xfd\xfe\xff"s;
const std::string kLabels = "\0\0\x08\x01\0\0\0\x03\x07\0\xff"s;

std::string refused(const std::string& bytes, bool gzip = false) {
  const TemporaryFile file(bytes, gzip);
  return forja::testing::refusal<forja::DataError>([&] { forja::read_idx_images<float>(file.path()); });
}
std::string refused_labels(const std::string& bytes) {
  const TemporaryFile file(bytes);
  return forja::testing::refusal<forja::DataError>([&] { forja::read_idx_labels(file.path()); });
}

/// Two values of this type.
std::string pair(char type, const std::string& values) { return "\0\0"s + type + "\x01\0\0\0\x02"s + values; }

TEST(Idx, images_are_rows_and_labels_numbers_plain_and_gzip) {
  for (const bool gzip : {false, true}) {
    const TemporaryFile images(kImages, gzip);
    EXPECT_EQ(forja::read_idx_images<float>(images.path()), Matrix<float>(2, 3, {1, 2, 3, 253, 254, 255}));
    const TemporaryFile labels(kLabels, gzip);
    EXPECT_EQ(forja::read_idx_labels(labels.path()), (std::vector<std::int32_t>{7, 0, 255}));
  }
}

TEST(Idx, every_type_of_the_format_is_read) {
  const auto read = [](const std::string& bytes) {
    return forja::read_idx_images<double>(TemporaryFile(bytes).path());
  };
  EXPECT_EQ(read(pair(0x08, "\x01\xff")), Matrix<double>(2, 1, {1, 255}));
  EXPECT_EQ(read(pair(0x09, "\x01\xff")), Matrix<double>(2, 1, {1, -1}));
  EXPECT_EQ(read(pair(0x0B, "\x01\x02\xff\xfe")), Matrix<double>(2, 1, {258, -2}));
  EXPECT_EQ(read(pair(0x0C, "\x01\x02\x03\x04\xff\xff\xff\xfe")), Matrix<double>(2, 1, {16'909'060, -2}));
  EXPECT_EQ(read(pair(0x0D, "\x3f\xc0\0\0\xc0\0\0\0"s)), Matrix<double>(2, 1, {1.5, -2}));
  EXPECT_EQ(read(pair(0x0E, "\x3f\xf8\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0"s)), Matrix<double>(2, 1, {1.5, -2}));
  for (const char type : {'\0', '\x07', '\x0A', '\x0F'}) {
    EXPECT_NE(refused(pair(type, "\x01\xff")).find("but there are only 0x08, 0x09"), std::string::npos);
  }
}

TEST(Idx, labels_are_whole_numbers_of_one_dimension) {
  EXPECT_EQ(forja::read_idx_labels(TemporaryFile(pair(0x0B, "\x01\x02\xff\xfe")).path()),
            (std::vector<std::int32_t>{258, -2}));
  EXPECT_EQ(refused_labels(pair(0x0D, "\x3f\xc0\0\0\xc0\0\0\0"s)),
            "file: holds real numbers but labels are whole ones");
  EXPECT_EQ(refused_labels(kImages), "file: 3 dimensions but labels have 1");
}

TEST(Idx, every_truncation_and_every_longer_file_is_refused) {
  for (const bool gzip : {false, true}) {
    for (std::size_t size = 0; size < kImages.size(); ++size) {
      EXPECT_NE(refused(kImages.substr(0, size), gzip), "not refused") << size;
    }
    EXPECT_EQ(refused(kImages + "x", gzip), "file: promises 6 values but goes on after them");
  }
  EXPECT_EQ(refused(kImages.substr(0, 20)), "file: promises 6 values but ends after 4");
  EXPECT_EQ(refused(kImages.substr(0, 10)), "file: ends within its 3 dimensions");
  EXPECT_EQ(refused("\0\0\x08\0"s), "file: has 0 dimensions");
  EXPECT_EQ(refused("\0\x01\x08\x01"s), "file: is no IDX file");
}

TEST(Idx, every_truncation_of_a_gzip_file_is_refused) {
  const std::string bytes = forja::testing::contents(TemporaryFile(kImages, true).path());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(refused(bytes.substr(0, size)), "not refused") << size;
  }
}

TEST(Idx, a_promise_beyond_the_file_is_refused_before_memory_is_taken) {
  for (const bool gzip : {false, true}) {
    EXPECT_EQ(refused("\0\0\x08\x02\x7f\xff\xff\xff\x7f\xff\xff\xff"s, gzip),
              "file: promises 4611686014132420609 values but ends after 0");
  }
  EXPECT_EQ(refused("\0\0\x08\x04\x7f\xff\xff\xff\x7f\xff\xff\xff\x7f\xff\xff\xff\x7f\xff\xff\xff"s),
            "file: has items of more than 2^63 values");
  EXPECT_EQ(refused("\0\0\x08\x03\x7f\xff\xff\xff\x7f\xff\xff\xff\x7f\xff\xff\xff"s),
            "file: promises 2147483647 items of 4611686014132420609 values");
  const TemporaryFile none("\0\0\x08\x03\0\0\0\0\x7f\xff\xff\xff\x7f\xff\xff\xff"s);
  EXPECT_EQ(forja::read_idx_images<float>(none.path()).rows(), 0);
}

TEST(Idx, no_more_is_unpacked_than_the_header_promises) {
  // What follows the promised values is damaged: a reader that unpacked it would say so.
  std::string longer = kLabels;
  longer.resize(50'000'000);
  std::string bytes = forja::testing::contents(TemporaryFile(longer, true).path());
  bytes.resize(bytes.size() / 2);
  EXPECT_EQ(refused(bytes), "file: promises 3 values but goes on after them");
}

TEST(Idx, a_missing_file_a_folder_and_a_name_too_long_are_refused_by_name) {
  const auto refused_path = [](const std::string& path) {
    return forja::testing::refusal<forja::DataError>([&] { forja::read_idx_labels(path); });
  };
  EXPECT_EQ(refused_path("no_such_file"), "no_such_file: No such file or directory");
  EXPECT_EQ(refused_path("."), ".: is a folder");
  EXPECT_NE(refused_path(std::string(5000, 'x')), "not refused");
}

TEST(Idx, mnist_has_its_60000_images) {
  const auto folder = forja::testing::data_dir();
  if (!folder) GTEST_SKIP() << "FORJA_DATA_DIR is not set";
  const auto x = forja::read_idx_images<float>(*folder / "mnist/train-images-idx3-ubyte.gz");
  EXPECT_EQ(x.rows(), 60'000);
  EXPECT_EQ(x.columns(), 784);
  EXPECT_EQ(forja::read_idx_labels(*folder / "mnist/train-labels-idx1-ubyte.gz")[0], 5);
}

}  // namespace

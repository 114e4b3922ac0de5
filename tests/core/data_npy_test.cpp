// NumPy's array files: every type and order that is read, what is written, and what is refused.

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "forja/data.h"
#include "forja/error.h"
#include "support/files.h"

namespace {

using namespace std::string_literals;
using forja::Matrix;
using forja::testing::TemporaryFile;

std::string npy(const std::string& dictionary, const std::string& values, char version = '\x01') {
  std::string bytes = "\x93NUMPY"s + version + '\0' + static_cast<char>(dictionary.size()) + '\0';
  if (version != '\x01') bytes += "\0\0"s;
  return bytes + dictionary + values;
}
std::string dictionary(const std::string& descr, const std::string& shape, bool fortran_order = false) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran_order ? "True" : "False") + ", 'shape': " + shape +
         ", }\n";
}
template <class T>
std::string bytes_of(std::initializer_list<T> values, bool big_endian = false) {
  std::string bytes;
  for (const T value : values) {
    std::string each(sizeof(T), '\0');
    std::memcpy(each.data(), &value, sizeof(T));
    bytes += big_endian ? std::string(each.rbegin(), each.rend()) : each;
  }
  return bytes;
}

template <class T = double>
Matrix<T> read(const std::string& bytes) {
  return forja::read_npy<T>(TemporaryFile(bytes).path());
}
std::string refused(const std::string& bytes) {
  return forja::testing::refusal<forja::DataError>([&] { read<float>(bytes); });
}
std::string refused_labels(const std::string& bytes) {
  return forja::testing::refusal<forja::DataError>([&] { forja::read_npy_labels(TemporaryFile(bytes).path()); });
}

TEST(Npy, floats_and_doubles_of_one_and_two_dimensions) {
  EXPECT_EQ(read(npy(dictionary("<f4", "(2, 2)"), bytes_of<float>({1, 2, 3, 4}))), Matrix<double>(2, 2, {1, 2, 3, 4}));
  EXPECT_EQ(read<float>(npy(dictionary("<f8", "(3,)"), bytes_of<double>({1, 2, 0.5}))),
            Matrix<float>(3, 1, {1, 2, 0.5F}));
  EXPECT_EQ(read(npy(dictionary("<f8", "(0, 7)"), "")).columns(), 7);
  EXPECT_EQ(read(npy(dictionary("<f8", "(4611686018427387904, 0)", true), "")).columns(), 0);
}

template <class T>
class NpyInteger : public ::testing::Test {};
using Integers = ::testing::Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                                  std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(NpyInteger, Integers);

TYPED_TEST(NpyInteger, is_read_in_either_byte_order) {
  using Limits = std::numeric_limits<TypeParam>;
  const std::string name = (Limits::is_signed ? "i" : "u") + std::to_string(sizeof(TypeParam));
  const Matrix<double> expected(2, 2, {static_cast<double>(Limits::min()), static_cast<double>(Limits::max()), 7, 100});
  for (const bool big_endian : {false, true}) {
    const std::string descr = (sizeof(TypeParam) == 1 ? "|" : big_endian ? ">" : "<") + name;
    const std::string values = bytes_of<TypeParam>({Limits::min(), Limits::max(), 7, 100}, big_endian);
    EXPECT_EQ(read(npy(dictionary(descr, "(2, 2)"), values)), expected) << descr;
  }
}

TEST(Npy, bools_big_endian_reals_and_every_version_are_read) {
  EXPECT_EQ(read(npy(dictionary("|b1", "(3,)"), "\0\x01\x01"s)), Matrix<double>(3, 1, {0, 1, 1}));
  EXPECT_EQ(read(npy(dictionary(">f4", "(2,)"), bytes_of<float>({0.1F, -2}, true))),
            Matrix<double>(2, 1, {double{0.1F}, -2}));
  EXPECT_EQ(read(npy(dictionary(">f8", "(2,)"), bytes_of<double>({0.1, -2}, true))), Matrix<double>(2, 1, {0.1, -2}));
  for (const char version : {'\x01', '\x02', '\x03'}) {
    EXPECT_EQ(read(npy(dictionary("<f8", "(1, 1)"), bytes_of<double>({5}), version))(0, 0), 5);
  }
}

TEST(Npy, fortran_order_is_turned_into_rows) {
  EXPECT_EQ(read(npy(dictionary("<f8", "(2, 3)", true), bytes_of<double>({1, 4, 2, 5, 3, 6}))),
            Matrix<double>(2, 3, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(read(npy(dictionary("<f8", "(3,)", true), bytes_of<double>({1, 2, 3}))), Matrix<double>(3, 1, {1, 2, 3}));
}

TEST(Npy, labels_are_whole_numbers_of_32_bits) {
  EXPECT_EQ(
      forja::read_npy_labels(TemporaryFile(npy(dictionary("<i8", "(2,)"), bytes_of<std::int64_t>({3, -1}))).path()),
      (std::vector<std::int32_t>{3, -1}));
  EXPECT_EQ(forja::read_npy_labels(TemporaryFile(npy(dictionary("|b1", "(2,)"), "\x01\0"s)).path()),
            (std::vector<std::int32_t>{1, 0}));
  EXPECT_EQ(refused_labels(npy(dictionary("<i8", "(2,)"), bytes_of<std::int64_t>({3, std::int64_t{1} << 31}))),
            "file: value 1 is 2147483648 but a label is a whole number of 32 bits");
  EXPECT_EQ(refused_labels(npy(dictionary("<u8", "(1,)"), bytes_of<std::uint64_t>({~std::uint64_t{0}}))),
            "file: value 0 is 18446744073709551615 but a label is a whole number of 32 bits");
  EXPECT_EQ(refused_labels(npy(dictionary("<f8", "(1,)"), bytes_of<double>({1}))),
            "file: holds real numbers but labels are whole ones");
  EXPECT_EQ(refused_labels(npy(dictionary("|u1", "(1, 2)"), "\x01\x02")), "file: 2 dimensions but labels have 1");
}

TEST(Npy, other_types_and_shapes_are_refused_by_name) {
  for (const auto* descr : {"<f2", "<c8", "|S3", "<U4", "|O", "f8", "", "<f16", "<M8[ns]"}) {
    EXPECT_EQ(refused(npy(dictionary(descr, "(1,)"), "12345678")),
              "file: descr is \""s + descr + "\" but b1, i1 to i8, u1 to u8, f4 and f8 are read");
  }
  EXPECT_NE(refused(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "1234")).find("[('a'"),
            std::string::npos);
  const std::string values = bytes_of<float>({1, 2, 3, 4});
  EXPECT_EQ(refused(npy(dictionary("<f4", "(1, 2, 2)"), values)), "file: has 3 dimensions but 1 or 2 are read");
  EXPECT_EQ(refused(npy(dictionary("<f4", "()"), "1234")), "file: has 0 dimensions but 1 or 2 are read");
  EXPECT_EQ(refused(npy(dictionary("<f4", "(2, -2)"), values)), "file: has a header without a shape");
  EXPECT_EQ(refused(npy("{'descr': '<f4', 'shape': (4,), }", values)), "file: has a header without fortran_order");
}

TEST(Npy, sizes_that_do_not_fit_are_refused_before_memory_is_taken) {
  const std::string values = bytes_of<float>({1, 2, 3, 4});
  EXPECT_EQ(refused(npy(dictionary("<f4", "(2, 3)"), values)), "file: promises 6 values but ends after 4");
  EXPECT_EQ(refused(npy(dictionary("<f4", "(3,)"), values)), "file: promises 3 values but goes on after them");
  EXPECT_EQ(refused(npy(dictionary("<f4", "(2305843009213693951, 4)"), values)),
            "file: promises 9223372036854775804 values but ends after 4");
  EXPECT_EQ(refused(npy(dictionary("<f4", "(4611686018427387905, 4)"), values)),
            "file: has a shape of more than 2^63 values");
  EXPECT_EQ(refused("\x93NUMPY\x02\0\xff\xff\xff\xff"s + values),
            "file: has a header of 4294967295 bytes but at most 65536 are read");
  EXPECT_EQ(refused("\x93NUMPY\x04\0\x01\0"s), "file: is NPY version 4 but 1 to 3 are read");
}

TEST(Npy, every_truncation_is_refused_plain_and_gzip) {
  const std::string whole = npy(dictionary("<f4", "(2, 2)"), bytes_of<float>({1, 2, 3, 4}));
  const std::string packed = forja::testing::contents(TemporaryFile(whole, true).path());
  EXPECT_EQ(read(packed), read(whole));
  for (const std::string& bytes : {whole, packed}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_NE(refused(bytes.substr(0, size)), "not refused") << size;
    }
  }
}

TEST(Npy, what_is_written_comes_back) {
  const Matrix<float> x(2, 3, {1, 2, 3, 4, 0.1F, -6});
  const TemporaryFile file("");
  forja::write_npy(file.path(), x);
  EXPECT_EQ(forja::read_npy<float>(file.path()), x);
  forja::write_npy(file.path(), forja::MatrixView<const float>(x.data() + 1, 2, 2, 3));
  EXPECT_EQ(forja::read_npy<double>(file.path()), Matrix<double>(2, 2, {2, 3, double{0.1F}, -6}));
  forja::write_npy(file.path(), Matrix<double>(1, 2, {0.1, -1e300}));
  EXPECT_EQ(forja::read_npy<double>(file.path()), Matrix<double>(1, 2, {0.1, -1e300}));
  forja::write_npy(file.path(), std::vector<float>{1.5F, 2});
  EXPECT_EQ(forja::read_npy<float>(file.path()), Matrix<float>(2, 1, {1.5F, 2}));
  forja::write_npy(file.path(), std::vector<double>{});
  EXPECT_EQ(forja::read_npy<double>(file.path()).rows(), 0);
  const std::vector<std::int32_t> labels = {3, -2147483647, 0};
  forja::write_npy(file.path(), labels);
  EXPECT_EQ(forja::read_npy_labels(file.path()), labels);
}

TEST(Npy, the_bytes_written_are_numpys) {
  // numpy.save of numpy.array([[1, 2]], dtype="<f4"), NumPy 2.
  const std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
  const std::string expected =
      "\x93NUMPY\x01\0\x76\0"s + text + std::string(0x76 - 1 - text.size(), ' ') + "\n" + bytes_of<float>({1, 2});
  const TemporaryFile file("");
  forja::write_npy(file.path(), Matrix<float>(1, 2, {1, 2}));
  EXPECT_EQ(forja::testing::contents(file.path()), expected);
}

TEST(Npy, a_file_that_cannot_be_written_is_refused_by_name) {
  EXPECT_EQ(forja::testing::refusal<forja::DataError>(
                [] { forja::write_npy("no_such_folder/x.npy", std::vector<float>{1}); }),
            "no_such_folder/x.npy: No such file or directory");
  EXPECT_EQ(forja::testing::refusal<forja::DataError>([] { forja::write_npy("/dev/full", std::vector<float>(9)); }),
            "/dev/full: No space left on device");
}

}  // namespace

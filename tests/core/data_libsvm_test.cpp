// LIBSVM's text format: what it becomes, and what is refused.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "forja/data.h"
#include "forja/error.h"
#include "support/files.h"

namespace {

using forja::LibsvmOptions;
using forja::Matrix;
using forja::testing::TemporaryFile;

template <class T = double>
forja::LabelledData<T> read(const std::string& text, const LibsvmOptions& options = {}, bool gzip = false) {
  return forja::read_libsvm<T>(TemporaryFile(text, gzip).path(), options);
}
std::string refused(const std::string& text, const LibsvmOptions& options = {}) {
  return forja::testing::refusal<forja::DataError>([&] { read<float>(text, options); });
}

TEST(Libsvm, pairs_are_columns_from_one_and_what_is_not_named_is_zero) {
  const std::string text = "+1 1:0.5 3:-2e-1\n-1\n-1 2:7 # a comment: 9:9\n";
  for (const bool gzip : {false, true}) {
    const auto data = read<double>(text, {}, gzip);
    EXPECT_EQ(data.x, Matrix<double>(3, 3, {0.5, 0, -0.2, 0, 0, 0, 0, 7, 0}));
    EXPECT_EQ(data.target, (std::vector<double>{1, -1, -1}));
    EXPECT_EQ(data.labels(), (std::vector<std::int32_t>{1, -1, -1}));
    EXPECT_EQ(read<float>(text, {}, gzip).x, Matrix<float>(3, 3, {0.5F, 0, -0.2F, 0, 0, 0, 0, 7, 0}));
  }
}

TEST(Libsvm, targets_may_be_real_and_are_then_no_labels) {
  const auto data = read("2.5 1:1\n");
  EXPECT_EQ(data.target, (std::vector<double>{2.5}));
  EXPECT_EQ(forja::testing::refusal<forja::InvalidArgument>([&] { data.labels(); }),
            "LabelledData::labels: the target is 2.5 in row 0 but a label is a whole number of 32 bits");
}

TEST(Libsvm, empty_lines_comments_line_ends_and_query_ids_do_not_matter) {
  EXPECT_EQ(read("# head\n\n1 qid:3 1:2\t2:3 \r\n  \n0 2:4").x, Matrix<double>(2, 2, {2, 3, 0, 4}));
}

TEST(Libsvm, the_number_of_columns_and_the_first_index_may_be_given) {
  EXPECT_EQ(read("1 1:5\n", {.n_features = 3}).x, Matrix<double>(1, 3, {5, 0, 0}));
  EXPECT_EQ(read("1 0:5 1:6\n", {.zero_based = true}).x, Matrix<double>(1, 2, {5, 6}));
  EXPECT_EQ(read("1\n2\n").x.columns(), 0);
  EXPECT_EQ(refused("1 1:1\n1 2:1 4:5\n", {.n_features = 3}), "file: line 2, column 7: index 4 but n_features = 3");
  EXPECT_EQ(refused("1 0:5\n"), "file: line 1, column 3: index 0 but the first column's is 1");
  EXPECT_EQ(refused("1 -2:5\n", {.zero_based = true}), "file: line 1, column 3: index -2 but the first column's is 0");
}

TEST(Libsvm, indices_ascend_within_a_row) {
  EXPECT_EQ(refused("1 5:1\n1 2:1 1:1\n"), "file: line 2, column 7: index 1 after 2 but indices ascend");
  EXPECT_EQ(refused("1 3:1 3:1\n"), "file: line 1, column 7: index 3 after 3 but indices ascend");
}

TEST(Libsvm, what_is_no_row_is_refused_with_its_line_and_byte) {
  EXPECT_EQ(refused("1 1:1\nx 1:1\n"), "file: line 2, column 1: \"x\" is no number");
  EXPECT_EQ(refused("1,2 1:1\n"), "file: line 1, column 1: \"1,2\" is no number");
  EXPECT_EQ(refused("1 2\n"), "file: line 1, column 3: \"2\" is no index:value");
  EXPECT_EQ(refused("1 a:2\n"), "file: line 1, column 3: \"a\" is no index");
  EXPECT_EQ(refused("1 1.5:2\n"), "file: line 1, column 3: \"1.5\" is no index");
  EXPECT_EQ(refused("1 :2\n"), "file: line 1, column 3: \"\" is no index");
  EXPECT_EQ(refused("1 99999999999999999999:2\n"), "file: line 1, column 3: \"99999999999999999999\" is no index");
  EXPECT_EQ(refused("1 1:2:3\n"), "file: line 1, column 5: \"2:3\" is no number");
  EXPECT_EQ(refused("1 1:\n"), "file: line 1, column 5: \"\" is no number");
  EXPECT_EQ(refused("\x01" + std::string(50, 'x')),
            "file: line 1, column 1: \"?" + std::string(39, 'x') + "...\" is no number");
  EXPECT_EQ(refused("1 1:1e39\n"), "file: line 1, column 5: \"1e39\" is beyond float");
  EXPECT_EQ(refused(""), "file: holds no row");
  EXPECT_EQ(refused("# nothing\n"), "file: holds no row");
}

TEST(Libsvm, a_great_index_is_refused_before_memory_is_taken) {
  EXPECT_EQ(refused("1 1:1\n1 9223372036854775806:1\n1 2:1\n"),
            "file: line 2: index 9223372036854775806 makes x 3 x 9223372036854775806 values but max_values = "
            "1073741824");
  EXPECT_EQ(refused("1 1:1\n", {.n_features = std::int64_t{1} << 40}),
            "file: n_features = 1099511627776 makes x 1 x 1099511627776 values but max_values = 1073741824");
  EXPECT_EQ(refused("1 3:1\n1 2:1\n", {.max_values = 5}),
            "file: line 1: index 3 makes x 2 x 3 values but max_values = 5");
  EXPECT_EQ(read("1 3:1\n1 2:1\n", {.max_values = 6}).x.columns(), 3);
  EXPECT_EQ(refused("1 9223372036854775807:1\n", {.zero_based = true}),
            "file: line 1, column 3: \"9223372036854775807\" is no index");
}

TEST(Libsvm, options_out_of_range_are_refused) {
  const auto refused_argument = [](const LibsvmOptions& options) {
    return forja::testing::refusal<forja::InvalidArgument>([&] { read("1 1:1\n", options); });
  };
  EXPECT_EQ(refused_argument({.n_features = 0}), "read_libsvm: n_features = 0 but it must be an integer of at least 1");
  EXPECT_EQ(refused_argument({.max_values = -1}),
            "read_libsvm: max_values = -1 but it must be an integer of at least 1");
  EXPECT_EQ(refused_argument({.max_unpacked_bytes = 0}),
            "read_libsvm: max_unpacked_bytes = 0 but it must be an integer of at least 1");
}

TEST(Libsvm, gzip_that_unpacks_beyond_the_limit_and_every_truncation_of_it_are_refused) {
  const TemporaryFile packed("1 1:" + std::string(3'000'000, '1') + "\n", true);
  EXPECT_EQ(forja::testing::refusal<forja::DataError>(
                [&] { forja::read_libsvm<double>(packed.path(), {.max_unpacked_bytes = 1000}); }),
            "file: unpacks to more than max_unpacked_bytes = 1000");
  const std::string bytes = forja::testing::contents(TemporaryFile("1 1:1\n2 2:2\n", true).path());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(refused(bytes.substr(0, size)), "not refused") << size;
  }
}

TEST(Libsvm, every_truncation_gives_rows_that_were_there_or_is_refused) {
  const std::string text = "1 1:0.5 3:2\n-1 2:7\n";
  int read_whole = 0;
  for (std::size_t size = 1; size < text.size(); ++size) {
    try {
      EXPECT_LE(read(text.substr(0, size)).x.rows(), 2);
      ++read_whole;
    } catch (const forja::DataError&) {
    }
  }
  EXPECT_GT(read_whole, 5);
  EXPECT_LT(read_whole, static_cast<int>(text.size()) - 1);
}

}  // namespace

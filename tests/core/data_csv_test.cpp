// read_csv: what a table becomes, and what is refused, with its line and column.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "forja/data.h"
#include "forja/error.h"
#include "support/data.h"
#include "support/files.h"

namespace {

using namespace std::string_literals;
using forja::CsvOptions;
using forja::Matrix;
using forja::Table;
using forja::testing::TemporaryFile;
using Texts = std::vector<std::string>;

constexpr double kBlank = std::numeric_limits<double>::quiet_NaN();

template <class T = double>
Table<T> read(const std::string& text, const CsvOptions& options = {}, bool gzip = false) {
  return forja::read_csv<T>(TemporaryFile(text, gzip).path(), options);
}

std::string refused(const std::string& text, const CsvOptions& options = {}) {
  return forja::testing::refusal<forja::DataError>([&] { read(text, options); });
}
std::string refused_float(const std::string& text) {
  return forja::testing::refusal<forja::DataError>([&] { read<float>(text); });
}
std::string refused_argument(const std::string& text, const CsvOptions& options) {
  return forja::testing::refusal<forja::InvalidArgument>([&] { read(text, options); });
}

/// Row-major values, where NaN equals NaN.
template <class T>
void expect_values(const Matrix<T>& x, std::int64_t columns, const std::vector<double>& values) {
  ASSERT_EQ(x.columns(), columns);
  ASSERT_EQ(x.values().size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) {
      EXPECT_TRUE(std::isnan(x.values()[i])) << i;
    } else {
      EXPECT_EQ(x.values()[i], static_cast<T>(values[i])) << i;
    }
  }
}

TEST(Csv, numbers_are_a_matrix_plain_and_gzip_float_and_double) {
  const std::string text = "a,b\n1,2.5\n-3e-2,+4\n";
  for (const bool gzip : {false, true}) {
    const auto table = read<double>(text, {}, gzip);
    EXPECT_EQ(table.x, Matrix<double>(2, 2, {1, 2.5, -0.03, 4}));
    EXPECT_EQ(table.column_names, (Texts{"a", "b"}));
    EXPECT_EQ(table.categories, (std::vector<Texts>{{}, {}}));
    EXPECT_TRUE(table.target.empty());
    EXPECT_EQ(table.target_name, "");
    EXPECT_EQ(read<float>(text, {}, gzip).x, Matrix<float>(2, 2, {1, 2.5F, -0.03F, 4}));
  }
}

TEST(Csv, a_blank_is_nan_in_each_of_its_spellings) {
  const double nan = kBlank;
  expect_values(read("a,b,c\n1,,3\nNA,\"\",nan\n NULL ,N/A,NAN\n4,5,\n").x, 3,
                {1, nan, 3, nan, nan, nan, nan, nan, nan, 4, 5, nan});
  expect_values(read("a,b\n?,-999\n1,NA\n", {.na_values = {"?", "-999", "NA"}}).x, 2, {nan, nan, 1, nan});
  const auto na_is_text = read("a\nNA\nx\n", {.na_values = {}});
  EXPECT_EQ(na_is_text.categories[0], (Texts{"NA", "x"}));
}

TEST(Csv, text_becomes_codes_in_the_order_of_its_bytes_and_a_blank_among_it_nan) {
  const auto table = read("size,town\n1,Oslo\n2,\n3,Bern\n4,Oslo\n5,Ålesund\n");
  expect_values(table.x, 2, {1, 1, 2, kBlank, 3, 0, 4, 1, 5, 2});
  EXPECT_EQ(table.categories, (std::vector<Texts>{{}, {"Bern", "Oslo", "Ålesund"}}));
}

TEST(Csv, numbers_before_the_first_text_of_a_column_become_categories_too) {
  const auto table = read("a,ticket,b\n1,17,2\n,3.50,4\n5,,6\n7,A/5,8\n9,17,late\n");
  expect_values(table.x, 3, {1, 0, 0, kBlank, 1, 1, 5, kBlank, 2, 7, 2, 3, 9, 0, 4});
  EXPECT_EQ(table.categories, (std::vector<Texts>{{}, {"17", "3.50", "A/5"}, {"2", "4", "6", "8", "late"}}));
}

TEST(Csv, quotes_hold_separators_line_ends_and_doubled_quotes) {
  const auto table = read("\"the, name\",n\n\"a \"\"b\"\"\",1\n\"two\nlines\", \"2\" \n\" kept \",3\n");
  EXPECT_EQ(table.column_names, (Texts{"the, name", "n"}));
  EXPECT_EQ(table.categories[0], (Texts{" kept ", "a \"b\"", "two\nlines"}));
  expect_values(table.x, 2, {1, 1, 2, 2, 0, 3});
  EXPECT_EQ(read("a,b\n5\" pipe,1\n").categories[0], (Texts{"5\" pipe"}));
}

TEST(Csv, line_ends_a_mark_of_byte_order_and_empty_lines_do_not_matter) {
  const Matrix<double> expected(2, 2, {1, 2, 3, 4});
  for (const auto* text :
       {"a,b\n1,2\n3,4", "a,b\r\n1,2\r\n3,4\r\n", "a,b\r1,2\r3,4\r", "\xef\xbb\xbf\n\na,b\n1,2\n\n3,4\n\n"}) {
    const auto table = read(text);
    EXPECT_EQ(table.x, expected) << text;
    EXPECT_EQ(table.column_names, (Texts{"a", "b"})) << text;
  }
}

TEST(Csv, other_separators_and_no_header) {
  EXPECT_EQ(read("1;2\n3;4\n", {.header = false, .separator = ';'}).x, Matrix<double>(2, 2, {1, 2, 3, 4}));
  expect_values(read("1\t\t 2\n", {.header = false, .separator = '\t'}).x, 3, {1, kBlank, 2});
  expect_values(read("1  2\n", {.header = false, .separator = ' '}).x, 3, {1, kBlank, 2});
  EXPECT_EQ(read("1,2\n", {.header = false}).column_names, (Texts{"0", "1"}));
}

TEST(Csv, the_target_is_chosen_by_name_or_place_and_kept_out_of_x) {
  const std::string text = "a,kind,b\n1,cat,2\n3,ant,4\n5,cat,6\n";
  for (const forja::ColumnRef& target : {forja::ColumnRef("kind"), forja::ColumnRef(1), forja::ColumnRef(-2)}) {
    const auto table = read<float>(text, {.target = target});
    EXPECT_EQ(table.x, Matrix<float>(3, 2, {1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(table.column_names, (Texts{"a", "b"}));
    EXPECT_EQ(table.target_name, "kind");
    EXPECT_EQ(table.target, (std::vector<float>{1, 0, 1}));
    EXPECT_EQ(table.target_categories, (Texts{"ant", "cat"}));
    EXPECT_EQ(table.labels(), (std::vector<std::int32_t>{1, 0, 1}));
  }
  const auto numbers = read(text, {.target = "b"});
  EXPECT_EQ(numbers.target, (std::vector<double>{2, 4, 6}));
  EXPECT_TRUE(numbers.target_categories.empty());
}

TEST(Csv, columns_are_taken_in_the_order_asked_for) {
  const auto table = read("a,b,c,d\n1,x,3,4\n5,y,7,8\n", {.target = -1, .columns = {"c", 0}});
  EXPECT_EQ(table.x, Matrix<double>(2, 2, {3, 1, 7, 5}));
  EXPECT_EQ(table.column_names, (Texts{"c", "a"}));
  EXPECT_EQ(table.target, (std::vector<double>{4, 8}));
  EXPECT_EQ(table.column("a"), 1);
}

TEST(Csv, a_header_alone_is_a_table_without_rows) {
  const auto table = read("a,b\n");
  EXPECT_EQ(table.x.rows(), 0);
  EXPECT_EQ(table.x.columns(), 2);
}

TEST(Csv, numbers_smaller_than_the_type_holds_become_zero_and_greater_ones_are_refused) {
  expect_values(read<float>("a\n1e-60\n1e-40\ninf\n-inf\n").x, 1, {0, 1e-40, INFINITY, -INFINITY});
  expect_values(read<double>("a\n1e-400\n1e-9999\n1e300\n").x, 1, {0, 0, 1e300});
  EXPECT_EQ(refused_float("a,b\n1,2\n3,-1e39\n"), "file: line 3, column 2 (b): \"-1e39\" is beyond float");
  EXPECT_EQ(refused("a,b\n1,2\n1e400,4\n"), "file: line 3, column 1 (a): \"1e400\" is beyond double");
  EXPECT_EQ(refused("a\n1e9999\n"), "file: line 2, column 1 (a): \"1e9999\" is beyond double");
}

TEST(Csv, a_row_of_another_width_is_refused_with_both_counts) {
  EXPECT_EQ(refused("a,b\n1,2\n3\n"), "file: line 3 has 1 fields but there are 2 columns");
  EXPECT_EQ(refused("a,b\n1,2\n3,4,5,6\n"), "file: line 3 has 4 fields but there are 2 columns");
  EXPECT_EQ(refused("a,b\n\"1\n\n\",2\n\n3,4,\n"), "file: line 6 has 3 fields but there are 2 columns");
  EXPECT_EQ(refused("1,2\n3\n", {.header = false}), "file: line 2 has 1 fields but there are 2 columns");
}

TEST(Csv, broken_quotes_are_refused_where_they_open) {
  EXPECT_EQ(refused("a,b\n1,2\n3,\"x\n4,5\n"), "file: line 3, column 2 (b): the quote that opens here is never closed");
  EXPECT_EQ(refused("a,b\n\"x\"y,2\n"), "file: line 2, column 1 (a): text follows the closing quote");
  EXPECT_EQ(refused("a,\"b\n"), "file: line 1, column 2: the quote that opens here is never closed");
  EXPECT_EQ(refused("a\n1\n\""), "file: line 3, column 1 (a): the quote that opens here is never closed");
}

TEST(Csv, text_is_refused_where_only_numbers_are_wanted) {
  const CsvOptions numbers{.categories = false};
  EXPECT_EQ(read("a\n1\nNA\n", numbers).x.rows(), 2);
  EXPECT_EQ(refused("total,rooms\n\n1,2\n3,12,5\n4,1o\n", numbers),
            "file: line 4 has 3 fields but there are 2 columns");
  EXPECT_EQ(refused("total,rooms\r\n1,2\r\n3,1o\r\n", numbers), "file: line 3, column 2 (rooms): \"1o\" is no number");
  EXPECT_EQ(refused("a\n" + std::string(50, 'x') + "\n", numbers),
            "file: line 2, column 1 (a): \"" + std::string(40, 'x') + "...\" is no number");
  for (const auto* text : {"1.5.2", "0x10", "1e", "--1", "+-1", "+", "1 2", "1,5"}) {
    EXPECT_NE(refused("a;b\n"s + text + ";1\n", {.separator = ';', .categories = false}), "not refused") << text;
  }
}

TEST(Csv, more_categories_than_float_can_number_or_than_are_wanted_are_refused) {
  EXPECT_EQ(CsvOptions().max_categories, 1 << 24);
  static_assert(std::numeric_limits<float>::digits == 24, "2^24 + 1 is the first number that float lacks");
  EXPECT_EQ(read("a,b\nx,u\ny,u\nx,v\n", {.max_categories = 2}).categories,
            (std::vector<Texts>{{"x", "y"}, {"u", "v"}}));
  EXPECT_EQ(refused("a,b\nx,u\ny,u\nx,v\nz,w\n", {.max_categories = 2}),
            "file: line 5, column 1 (a): the column has more than 2 different texts");
  // The numbers before the first text count.
  EXPECT_EQ(refused("a\n1\n2\nx\n", {.max_categories = 2}),
            "file: line 3, column 1 (a): the column has more than 2 different texts");
  for (const std::int64_t most : {std::int64_t{0}, (std::int64_t{1} << 24) + 1}) {
    EXPECT_EQ(refused_argument("a\nx\n", {.max_categories = most}),
              "read_csv: max_categories = " + std::to_string(most) + " but it must be an integer from 1 to 16777216");
  }
}

TEST(Csv, columns_that_are_not_there_or_unclear_are_refused) {
  const std::string text = "a,b,b\n1,2,3\n";
  EXPECT_EQ(refused_argument(text, {.target = "c"}), "read_csv: file has no column \"c\"; it has a, b, b");
  EXPECT_EQ(refused_argument(text, {.target = 3}), "read_csv: file has no column 3; it has 3");
  EXPECT_EQ(refused_argument(text, {.columns = {-4}}), "read_csv: file has no column -4; it has 3");
  EXPECT_EQ(refused_argument(text, {.columns = {"b"}}), "read_csv: columns 1 and 2 of file are both named \"b\"");
  EXPECT_EQ(refused_argument(text, {.columns = {"a", 0}}), "read_csv: column 0 of file is asked for twice");
  EXPECT_EQ(refused_argument(text, {.target = 0, .columns = {"a"}}),
            "read_csv: column \"a\" of file is asked for twice");
  EXPECT_EQ(refused_argument(text, {.separator = '"'}),
            "read_csv: separator is a quote or a line end but it must be another byte");
  EXPECT_EQ(refused_argument(text, {.max_unpacked_bytes = 0}),
            "read_csv: max_unpacked_bytes = 0 but it must be an integer of at least 1");
}

TEST(Csv, what_is_no_table_is_refused) {
  EXPECT_EQ(refused(""), "file: is empty");
  EXPECT_EQ(refused("\n\r\n"), "file: is empty");
  EXPECT_EQ(refused("\xff\xfe"
                    "a\0"s),
            "file: is UTF-16 but only UTF-8 is read");
  EXPECT_EQ(forja::testing::refusal<forja::DataError>([] { forja::read_csv("no_such_file"); }),
            "no_such_file: No such file or directory");
}

TEST(Csv, gzip_that_unpacks_beyond_the_limit_is_refused_and_a_plain_file_is_not) {
  const std::string text = "a\n" + std::string(3'000'000, '1') + "\n";
  const CsvOptions limit{.categories = false, .max_unpacked_bytes = 1000};
  const TemporaryFile packed(text, true);
  EXPECT_EQ(forja::testing::refusal<forja::DataError>([&] { forja::read_csv<double>(packed.path(), limit); }),
            "file: unpacks to more than max_unpacked_bytes = 1000");
  EXPECT_EQ(read("a\n" + std::string(2000, '\n') + "1\n", limit).x, Matrix<double>(1, 1, 1));
}

TEST(Csv, every_truncation_gives_rows_that_were_there_or_is_refused) {
  const std::string text = "a,\"b \"\"c\"\"\",d\r\n1,\"x,\n y\",2.5\r\n,NA,\"\"\r\n3,z,4\r\n";
  int tables = 0;
  for (std::size_t size = 0; size < text.size(); ++size) {
    try {
      const auto table = read(text.substr(0, size));
      ++tables;
      EXPECT_LE(table.x.rows(), 3) << size;
      EXPECT_GE(table.x.columns(), 1) << size;
    } catch (const forja::DataError&) {
    }
  }
  EXPECT_GT(tables, 5);
}

TEST(Csv, every_truncation_of_a_gzip_file_is_refused) {
  const TemporaryFile whole("a,b\n1,2\n3,4\n", true);
  const std::string bytes = forja::testing::contents(whole.path());
  EXPECT_EQ(forja::read_csv<float>(whole.path()).x.rows(), 2);
  // Of one byte, or none, nothing tells that it was gzip.
  for (std::size_t size = 2; size < bytes.size(); ++size)
    EXPECT_NE(refused(bytes.substr(0, size)), "not refused") << size;
}

TEST(Table, labels_are_whole_numbers_and_columns_have_one_name) {
  const auto refused_labels = [](const std::string& text) {
    return forja::testing::refusal<forja::InvalidArgument>([&] { read(text, {.target = -1}).labels(); });
  };
  EXPECT_EQ(refused_labels("a,y\n1,2\n1,2.5\n"),
            "Table::labels: the target is 2.5 in row 1 but a label is a whole number of 32 bits");
  EXPECT_EQ(refused_labels("a,y\n1,x\n1,\n"),
            "Table::labels: the target is nan in row 1 but a label is a whole number of 32 bits");
  EXPECT_EQ(refused_labels("a,y\n1,2147483648\n"),
            "Table::labels: the target is 2147483648 in row 0 but a label is a whole number of 32 bits");
  EXPECT_EQ(read("a,y\n1,-7\n1,2147483647\n", {.target = "y"}).labels(), (std::vector<std::int32_t>{-7, 2147483647}));
  EXPECT_THROW(read("a\n1\n").labels(), forja::InvalidArgument);
  EXPECT_THROW(read("a,a\n1,2\n").column("a"), forja::InvalidArgument);
  EXPECT_THROW(read("a,a\n1,2\n").column("b"), forja::InvalidArgument);
}

TEST(Csv, the_books_digits_are_1797_rows_of_64_pixels_and_ten_classes) {
  const auto digits = forja::read_csv<float>(forja::testing::book_csv("digits"), {.target = "target"});
  EXPECT_EQ(digits.x.rows(), 1797);
  EXPECT_EQ(digits.x.columns(), 64);
  EXPECT_EQ(digits.column("pixel_7_7"), 63);
  std::vector<int> rows(10);
  for (const std::int32_t label : digits.labels()) ++rows[static_cast<std::size_t>(label)];
  EXPECT_EQ(rows, (std::vector<int>{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}));
  double sum = 0;
  for (const float value : digits.x.values()) sum += value;
  EXPECT_EQ(sum, 561'718);
}

TEST(Csv, housing_has_207_blanks_and_five_kinds_of_ocean_proximity) {
  const auto folder = forja::testing::data_dir();
  if (!folder) GTEST_SKIP() << "FORJA_DATA_DIR is not set";
  const auto housing = forja::read_csv<double>(*folder / "tabular/housing.csv", {.target = "median_house_value"});
  EXPECT_EQ(housing.x.rows(), 20'640);
  EXPECT_EQ(housing.x.columns(), 9);
  std::vector<std::int64_t> blanks(9);
  for (std::int64_t i = 0; i < housing.x.rows(); ++i) {
    for (std::int64_t j = 0; j < 9; ++j) blanks[static_cast<std::size_t>(j)] += std::isnan(housing.x(i, j)) ? 1 : 0;
  }
  EXPECT_EQ(blanks, (std::vector<std::int64_t>{0, 0, 0, 0, 207, 0, 0, 0, 0}));
  EXPECT_EQ(housing.column("total_bedrooms"), 4);
  EXPECT_EQ(housing.categories[8], (Texts{"<1H OCEAN", "INLAND", "ISLAND", "NEAR BAY", "NEAR OCEAN"}));
  std::vector<std::int64_t> rows(5);
  for (std::int64_t i = 0; i < housing.x.rows(); ++i) ++rows[static_cast<std::size_t>(housing.x(i, 8))];
  EXPECT_EQ(rows, (std::vector<std::int64_t>{9136, 6551, 5, 2290, 2658}));
  double sum = 0;
  for (const double value : housing.target) sum += value;
  EXPECT_EQ(sum, 4'269'504'061);
}

TEST(Csv, the_titanic_has_quoted_names_and_blank_ages) {
  const auto folder = forja::testing::data_dir();
  if (!folder) GTEST_SKIP() << "FORJA_DATA_DIR is not set";
  const auto titanic = forja::read_csv<float>(*folder / "tabular/titanic_train.csv", {.target = "Survived"});
  EXPECT_EQ(titanic.x.rows(), 891);
  EXPECT_EQ(titanic.x.columns(), 11);
  const auto count = [&](const char* name) {
    return titanic.categories[static_cast<std::size_t>(titanic.column(name))].size();
  };
  EXPECT_EQ(count("Name"), 891);
  EXPECT_EQ(count("Ticket"), 681);
  EXPECT_EQ(count("Cabin"), 147);
  EXPECT_EQ(titanic.categories[static_cast<std::size_t>(titanic.column("Sex"))], (Texts{"female", "male"}));
  EXPECT_EQ(titanic.categories[static_cast<std::size_t>(titanic.column("Embarked"))], (Texts{"C", "Q", "S"}));
  int blank_ages = 0;
  for (std::int64_t i = 0; i < 891; ++i) blank_ages += std::isnan(titanic.x(i, titanic.column("Age"))) ? 1 : 0;
  EXPECT_EQ(blank_ages, 177);
  int survived = 0;
  for (const std::int32_t label : titanic.labels()) survived += label;
  EXPECT_EQ(survived, 342);
}

}  // namespace

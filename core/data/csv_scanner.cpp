#include "data/csv_scanner.h"

#include <fmt/format.h>

#include <cstring>

namespace forja::core {

CsvScanner::CsvScanner(const FileReader& file, std::string_view text, char separator)
    : file_(file), separator_(separator) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) file.refuse("is UTF-16 but only UTF-8 is read");
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  at_ = text.data();
  end_ = at_ + text.size();
  for (const char c : {separator, '\n', '\r'}) ends_field_[static_cast<unsigned char>(c)] = true;
}

bool CsvScanner::start_row() {
  while (at_ != end_ && (*at_ == '\n' || *at_ == '\r')) skip_line_end();
  column_ = 0;
  return at_ != end_;
}

bool CsvScanner::next_field() {
  ++column_;
  line_ = next_line_;
  while (at_ != end_ && is_space(*at_)) ++at_;
  if (at_ != end_ && *at_ == '"') {
    read_quoted();
  } else {
    const char* begin = at_;
    while (at_ != end_ && !ends_field_[static_cast<unsigned char>(*at_)]) ++at_;
    const char* stop = at_;
    while (stop != begin && is_space(stop[-1])) --stop;
    field_ = {begin, stop};
  }
  return end_field();
}

void CsvScanner::read_quoted() {
  const char* begin = ++at_;
  bool doubled = false;
  for (;; ++at_) {
    const auto left = static_cast<std::size_t>(end_ - at_);
    at_ = left == 0 ? nullptr : static_cast<const char*>(std::memchr(at_, '"', left));
    if (at_ == nullptr) refuse("the quote that opens here is never closed");
    ++at_;
    if (at_ == end_ || *at_ != '"') break;
    doubled = true;
  }
  const char* stop = at_ - 1;
  field_ = doubled ? unescaped(begin, stop) : std::string_view(begin, stop);
  count_lines(begin, stop);
  while (at_ != end_ && is_space(*at_)) ++at_;
  if (at_ != end_ && !ends_field_[static_cast<unsigned char>(*at_)]) refuse("text follows the closing quote");
}

std::string_view CsvScanner::unescaped(const char* begin, const char* end) {
  unescaped_.clear();
  for (const char* at = begin; at != end; ++at) {
    unescaped_ += *at;
    if (*at == '"') ++at;
  }
  return unescaped_;
}

void CsvScanner::count_lines(const char* begin, const char* end) {
  for (const char* at = begin; at != end; ++at) {
    next_line_ += *at == '\n' || (*at == '\r' && at[1] != '\n') ? 1 : 0;
  }
}

void CsvScanner::skip_line_end() {
  ++next_line_;
  const bool carriage_return = *at_++ == '\r';
  if (carriage_return && at_ != end_ && *at_ == '\n') ++at_;
}

bool CsvScanner::end_field() {
  if (at_ == end_) return false;
  if (*at_ != separator_) {
    skip_line_end();
    return false;
  }
  ++at_;
  return true;
}

void CsvScanner::refuse(std::string_view words) const {
  const auto place = static_cast<std::size_t>(column_ - 1);
  const bool named = names_ != nullptr && place < names_->size();
  const std::string name = named ? fmt::format(" ({})", (*names_)[place]) : "";
  file_.refuse(fmt::format("line {}, column {}{}: {}", line_, column_, name, words));
}

}  // namespace forja::core

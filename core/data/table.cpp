#include <fmt/format.h>

#include <algorithm>

#include "data/class_labels.h"
#include "forja/data.h"
#include "forja/error.h"

namespace forja {

template <class T>
std::int64_t Table<T>::column(std::string_view name) const {
  const auto found = std::find(column_names.begin(), column_names.end(), name);
  if (found == column_names.end()) throw InvalidArgument(fmt::format("Table::column: there is no \"{}\"", name));
  if (std::find(found + 1, column_names.end(), name) != column_names.end()) {
    throw InvalidArgument(fmt::format("Table::column: more than one is named \"{}\"", name));
  }
  return found - column_names.begin();
}

template <class T>
std::vector<std::int32_t> Table<T>::labels() const {
  if (std::ssize(target) != x.rows()) {
    throw InvalidArgument(
        fmt::format("Table::labels: target has {} values but x has {} rows", target.size(), x.rows()));
  }
  return core::class_labels<T>("Table::labels", target);
}

template struct FORJA_API Table<float>;
template struct FORJA_API Table<double>;

}  // namespace forja

#pragma once

#include <cstdint>

#include "compute/boosting_compute.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"

namespace forja::cuda {

/// How values become bins, on the device; see compute::BinTable.
struct BinTableView {
  const double* entries = nullptr;
  const std::int64_t* first = nullptr;
  const std::uint8_t* categorical = nullptr;
};

/// A table's copy on the device.
class DeviceBinTable {
 public:
  DeviceBinTable() = default;
  DeviceBinTable(const Context& context, const compute::BinTable& table)
      : entries_(context, std::ssize(table.entries)),
        first_(context, std::ssize(table.first)),
        categorical_(context, std::ssize(table.categorical)) {
    entries_.upload(table.entries);
    first_.upload(table.first);
    categorical_.upload(table.categorical);
  }

  BinTableView view() const { return {entries_.data(), first_.data(), categorical_.data()}; }

 private:
  DeviceBuffer<double> entries_;
  DeviceBuffer<std::int64_t> first_;
  DeviceBuffer<std::uint8_t> categorical_;
};

}  // namespace forja::cuda

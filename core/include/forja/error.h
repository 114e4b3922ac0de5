#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "forja/export.h"

/// Every exception that forja throws. Messages name the call and both numbers, for example
/// "KMeans::fit: n_clusters = 8 but x has 5 rows". After an exception the object is as it was before the call.
namespace forja {

/// An argument or a parameter is out of its documented range, or shapes do not fit each other.
class FORJA_API InvalidArgument : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// A learned attribute or predict() was asked for before fit().
class FORJA_API NotFitted : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// A device was asked for by name that this machine does not have, or that stopped answering.
class FORJA_API DeviceUnavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The device has too little free memory; the next smaller request works.
class FORJA_API OutOfMemory : public std::runtime_error {
 public:
  OutOfMemory(const std::string& message, std::int64_t bytes_requested, std::int64_t bytes_free)
      : std::runtime_error(message), bytes_requested_(bytes_requested), bytes_free_(bytes_free) {}
  std::int64_t bytes_requested() const noexcept { return bytes_requested_; }
  std::int64_t bytes_free() const noexcept { return bytes_free_; }

 private:
  std::int64_t bytes_requested_;
  std::int64_t bytes_free_;
};

/// A data file could not be opened, read or understood; the message gives file, line and column.
class FORJA_API DataError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A model file is damaged, of another kind, or written by a newer version.
class FORJA_API ModelFormatError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An Observer asked a running call to stop.
class FORJA_API Cancelled : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace forja

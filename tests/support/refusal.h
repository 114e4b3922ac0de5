#pragma once

#include <string>

namespace forja::testing {

/// What the Error that `call` throws says; "not refused" when it throws none. Another exception passes through.
template <class Error, class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const Error& refused) {
    return refused.what();
  }
  return "not refused";
}

}  // namespace forja::testing

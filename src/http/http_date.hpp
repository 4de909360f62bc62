#pragma once

#include <chrono>
#include <string>

namespace dti {

/// Writes a time as HTTP does, such as `Sun, 06 Nov 1994 08:49:37 GMT`, in every locale. Source: RFC 9110, 5.6.7
[[nodiscard]] std::string http_date(std::chrono::system_clock::time_point time);

}  // namespace dti

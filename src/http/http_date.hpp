#pragma once

#include <chrono>
#include <string>

namespace dti {

/// A time as HTTP writes it, such as `Sun, 06 Nov 1994 08:49:37 GMT`, in each locale. Source: RFC 9110, 5.6.7
[[nodiscard]] std::string http_date(std::chrono::system_clock::time_point time);

}  // namespace dti

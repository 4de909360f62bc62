#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace dti {

/// Why a connection of an HttpServer ended. The end of the server is none: no route is called afterwards.
enum class HttpCloseReason {
  kClient,      // the client ended it, or asked for its end with `Connection: close` or HTTP/1.0
  kBadRequest,  // the server refused a request, and where the next one begins is not known
  kTooSlow,     // the client took too long to send a request or to take a response
  kIdle,        // the client sent nothing for too long after a response
  kLimit,       // the limit of connections or descriptors was reached: it had to make place, or found none
  kFault,       // a fault of this process, such as no memory
};
inline constexpr std::size_t kHttpCloseReasonCount = 6;

/// The connections of an HttpServer. Thread: the server's, so only for its routes.
struct HttpCounts {
  std::uint64_t open = 0;
  std::array<std::uint64_t, kHttpCloseReasonCount> closed{};  // by HttpCloseReason
};

}  // namespace dti

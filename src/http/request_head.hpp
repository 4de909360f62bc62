#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "dti/http/http_message.hpp"

namespace dti {

inline constexpr std::size_t kHeadBytesMax = 8 * 1024;         // request line and fields
inline constexpr std::size_t kRequestLineBytesMax = 4 * 1024;  // of them

/// The head of a request.
struct RequestHead {
  HttpRequest request;
  std::size_t bytes = 0;    // how long it is
  bool keep_alive = false;  // may another request follow on this connection?
  bool has_body = false;    // a body follows it
};
/// The head has not come to its end, and nothing is wrong with it so far.
struct HeadIncomplete {};
/// The bytes are no request that may be served. The connection is to be closed behind the answer.
struct HeadRefused {
  int status = 400;
  std::string reason;  // a sentence
};

/// Reads the head of a request from the bytes that have come, as RFC 9112 says, without any of the tolerance that it
/// permits: each head has one reading here, and those that other programs might read in another way are refused.
/// Pure. Source: RFC 9112, 2.2, 3, 5, 6.3 and 11.2.
[[nodiscard]] std::variant<RequestHead, HeadIncomplete, HeadRefused> parse_request_head(std::string_view bytes);

}  // namespace dti

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "dti/http/http_message.hpp"

namespace dti {

inline constexpr std::size_t kHeadBytesMax = 8 * 1024;         // request line and fields
inline constexpr std::size_t kRequestLineBytesMax = 4 * 1024;  // of them
inline constexpr std::size_t kHeadFieldsMax = 100;

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
  std::string reason;    // a sentence
  bool is_head = false;  // the request's method is HEAD, as far as it was read: the answer has no body
};

/// Reads the head of one request as RFC 9112 says, without any of the tolerance that it permits: each head has one
/// reading here, and those that other programs might read in another way are refused.
/// It reads each line once, however many pieces the head comes in. Without I/O. Thread: one.
/// Source: RFC 9112, 2.2, 3, 5, 6.3 and 11.2.
class RequestHeadReader {
 public:
  using Result = std::variant<RequestHead, HeadIncomplete, HeadRefused>;

  /// @param received  what has come of this head and behind it: the bytes of the call before, and more
  /// After another result than HeadIncomplete this reader has done its work: the next head needs a new one.
  [[nodiscard]] Result read(std::string_view received);

 private:
  Result read_lines(std::string_view received);
  std::optional<HeadRefused> read_request_line(std::string_view line);
  std::optional<HeadRefused> read_field(std::string_view line);
  Result finish();
  [[nodiscard]] std::ptrdiff_t count(std::string_view name) const;
  [[nodiscard]] bool keeps_alive() const;

  std::optional<std::size_t> at_;  // where the first line begins that was not read yet; none: before the first call
  bool has_request_line_ = false;
  bool is_http_1_0_ = false;
  HttpRequest request_;
};

}  // namespace dti

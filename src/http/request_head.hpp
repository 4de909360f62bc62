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
/// The end of the head has not arrived. The bytes so far are correct.
struct HeadIncomplete {};
/// The server must refuse the request, and must close the connection after its answer.
struct HeadRefused {
  int status = 400;
  std::string reason;    // a sentence
  bool is_head = false;  // the method was read and is HEAD: the answer has no body
};

/// Reads the head of one request as RFC 9112 says, without any of the tolerance that it permits. It refuses a head that
/// another program might read in another way. It reads each line once, however many pieces the head arrives in.
/// No I/O. Thread: one.
/// Source: RFC 9112, 2.2, 3, 5, 6.3 and 11.2.
class RequestHeadReader {
 public:
  using Result = std::variant<RequestHead, HeadIncomplete, HeadRefused>;

  /// @param received  all bytes that have arrived since the beginning of this head: those of the call before, and more
  /// @return HeadIncomplete: call it again with more bytes. After another result, the next head needs a new reader
  [[nodiscard]] Result read(std::string_view received);

 private:
  Result read_lines(std::string_view received);
  std::optional<HeadRefused> read_request_line(std::string_view line);
  std::optional<HeadRefused> read_field(std::string_view line);
  Result finish();
  [[nodiscard]] std::ptrdiff_t count(std::string_view name) const;
  [[nodiscard]] bool keeps_alive() const;

  std::optional<std::size_t> at_;  // the beginning of the next line to read; none: not known yet
  bool has_request_line_ = false;
  bool is_http_1_0_ = false;
  HttpRequest request_;
};

}  // namespace dti

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dti {

struct RequestTarget {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
};

/// Reads the target of a request line: `/path?query`, `http://authority/path?query`, `*` with OPTIONS, or an authority
/// with CONNECT (its path is then `*` too).
/// @return none if the text is not a target for that method
/// Pure. Source: RFC 9112, 3.2; RFC 3986, 2 and 3
[[nodiscard]] std::optional<RequestTarget> parse_request_target(std::string_view method, std::string_view target);

/// Tells whether a value is `host`, `host:port`, or empty. Source: RFC 9110, 7.2
[[nodiscard]] bool is_host_field(std::string_view value);

}  // namespace dti

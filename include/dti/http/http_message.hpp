#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dti {

/// A request, as a route gets it.
struct HttpRequest {
  std::string method;  // such as `GET`
  std::string path;    // begins with `/`, or is `*`; only unreserved characters are decoded
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in the order of the target
  std::vector<std::pair<std::string, std::string>>
      fields;  // of the head: names in lower case, values without spaces around

  /// The first value of a parameter of the query; none if there is none.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
  /// The values of all fields of that name, joined by commas; empty if there is none.
  /// @param name  in lower case
  [[nodiscard]] std::string field(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::shared_ptr<const std::string> body;                       // none: empty. Several responses may share it
  std::vector<std::pair<std::string, std::string>> fields = {};  // in addition to those of every response
};

[[nodiscard]] HttpResponse text_response(int status, std::string text);

/// Sends the response to a request, at once or later, from any thread. The first call counts. If all copies are destroyed
/// without a call, the client gets 500. Has no effect if the connection is gone.
using HttpReply = std::function<void(HttpResponse)>;

/// Answers the requests for a path, at once or later. Thread: the server's.
using HttpHandler = std::function<void(const HttpRequest&, HttpReply)>;

/// A path, and the handler for GET. HEAD gets the same response without the body.
struct HttpRoute {
  std::string path;
  HttpHandler get;
};

}  // namespace dti

#include "dti/http/http_message.hpp"

#include <algorithm>

namespace dti {

std::optional<std::string_view> HttpRequest::parameter(std::string_view name) const {
  const auto found = std::find_if(query.begin(), query.end(), [&](const auto& part) { return part.first == name; });
  return found == query.end() ? std::nullopt : std::optional<std::string_view>{found->second};
}

std::string HttpRequest::field(std::string_view name) const {
  std::string joined;
  for (const auto& [field_name, value] : fields) {
    if (field_name != name) continue;
    if (!joined.empty()) joined += ", ";
    joined += value;
  }
  return joined;
}

HttpResponse text_response(int status, std::string text) {
  HttpResponse response;
  response.status = status;
  response.body = std::make_shared<const std::string>(std::move(text));
  return response;
}

}  // namespace dti

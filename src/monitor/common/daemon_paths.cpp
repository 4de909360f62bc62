#include "monitor/common/daemon_paths.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace dti {
namespace {

constexpr int kOk = 200;
constexpr int kUnavailable = 503;

}  // namespace

HttpResponse livez(SteadyTime published_at, SteadyTime now) {
  return is_alive(published_at, now) ? text_response(kOk, "the loop turns\n")
                                     : text_response(kUnavailable, "the loop has not turned for more than 5 s\n");
}

HttpResponse readyz(const std::vector<HealthCheck>& checks, bool verbose) {
  const auto failed =
      std::find_if(checks.begin(), checks.end(), [](const HealthCheck& check) { return !check.passes; });
  std::string text;
  if (verbose) {
    for (const auto& check : checks) {
      text += (check.passes ? "[+] " : "[-] ") + std::string{check.name} + ": " + check.text + "\n";
    }
  }
  text += failed == checks.end() ? "ready\n" : "not ready: " + failed->text + "\n";
  return text_response(failed == checks.end() ? kOk : kUnavailable, std::move(text));
}

HttpResponse status(nlohmann::ordered_json json, const std::vector<HealthCheck>& checks) {
  json["ready"] = all_pass(checks);
  json["checks"] = nlohmann::ordered_json::array();
  for (const auto& check : checks) {
    json["checks"].push_back({{"name", check.name}, {"passes", check.passes}, {"text", check.text}});
  }
  HttpResponse response;
  response.content_type = "application/json";
  // A name that is not UTF-8 is shown with replacement characters.
  const auto text = json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  response.body = std::make_shared<const std::string>(text + "\n");
  return response;
}

}  // namespace dti

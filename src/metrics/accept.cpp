#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "dti/metrics/metric_page.hpp"

namespace dti {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The first part of a list, which is removed from it.
std::string_view take(std::string_view& list, char separator) {
  const auto part = list.substr(0, list.find(separator));
  list.remove_prefix(std::min(list.size(), part.size() + 1));
  return trimmed(part);
}

/// How much a client wants a media type, 0 to 1000; none: it does not name it.
std::optional<int> quality(std::string_view accept, std::string_view type) {
  std::optional<int> best;
  while (!accept.empty()) {
    auto range = take(accept, ',');
    if (take(range, ';') != type) continue;
    double value = 1;
    while (!range.empty()) {
      const auto parameter = take(range, ';');
      if (!parameter.starts_with("q=")) continue;
      const auto text = parameter.substr(2);
      if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) value = 0;
    }
    best = std::max(best.value_or(0), static_cast<int>(std::clamp(value, 0.0, 1.0) * 1000));
  }
  return best;
}

}  // namespace

// A client that names neither gets Prometheus' text, which every client can read.
bool prefers_open_metrics(const std::string& accept) {
  const auto open_metrics = quality(accept, "application/openmetrics-text").value_or(0);
  const auto text = quality(accept, "text/plain").value_or(0);
  return open_metrics > 0 && open_metrics >= text;
}

}  // namespace dti

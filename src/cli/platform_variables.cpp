#include "cli/platform_variables.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <variant>

#include "dti/cli/settings.hpp"

namespace dti {
namespace {

bool is_service_port(std::string_view value) {
  constexpr std::array<std::string_view, 3> kProtocols = {"tcp://", "udp://", "sctp://"};
  return std::any_of(kProtocols.begin(), kProtocols.end(), [&](auto protocol) { return value.starts_with(protocol); });
}

// `/web/dti` is the link with the alias `dti` in the container `web`. The variables of that link begin with DTI_.
bool is_link_name(std::string_view variable, std::string_view value) {
  const auto slash = value.rfind('/');
  if (slash == std::string_view::npos || slash < 2 || value.front() != '/') return false;
  if (value.find('/', 1) != slash) return false;
  return environment_name(value.substr(slash + 1)) + "_NAME" == variable;
}

}  // namespace

bool is_set_by_platform(const ValueKind& kind, std::string_view variable, std::string_view value) {
  const bool is_number = std::holds_alternative<IntegerKind>(kind) || std::holds_alternative<SecondsKind>(kind);
  return is_number ? is_service_port(value) : is_link_name(variable, value);
}

}  // namespace dti

#pragma once

#include <string_view>

#include "dti/cli/setting_kinds.hpp"

namespace dti {

/// Tells whether Kubernetes or Docker set this environment variable, although it has the name of a setting.
///   Kubernetes, for a service named `dti` in the namespace:  DTI_PORT=tcp://10.96.0.12:6000
///   Docker, for a link with the alias `dti`:                 the same, and DTI_NAME=/CONTAINER/dti
/// An operator never gives such a value: no number begins with a protocol, and no name is the path of a link.
[[nodiscard]] bool is_set_by_platform(const ValueKind& kind, std::string_view variable, std::string_view value);

}  // namespace dti

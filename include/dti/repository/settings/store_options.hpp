#pragma once

#include <string>
#include <variant>

#include "dti/cli/settings.hpp"
#include "dti/repository/open/open_repository.hpp"

namespace dti {

/// The setting `store` of the programs that use one. @param kinds  the addresses that make sense to this one, as help
[[nodiscard]] Setting store_setting(const std::string& kinds);
inline constexpr const char* kStoresOnDisk =
    "sqlite:PATH, postgresql://... (a libpq URI), or \"postgresql:host=... dbname=...\"";
inline constexpr const char* kAllStores =
    "sqlite:PATH, postgresql://... (a libpq URI), \"postgresql:host=... dbname=...\", or memory: (for tests: all is "
    "lost at the end)";

/// Where the store is: as `store` says, else the file in the state folder. A password in a flag is refused.
[[nodiscard]] std::variant<StoreAddress, UsageExit> find_store(const Settings& settings,
                                                               const Surroundings& surroundings);

}  // namespace dti

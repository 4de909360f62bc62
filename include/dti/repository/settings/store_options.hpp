#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "dti/cli/settings.hpp"
#include "dti/repository/open/open_repository.hpp"

namespace dti {

/// The setting `store` of the programs that use a store.
/// @param kinds  the addresses that the program accepts, for --help
[[nodiscard]] Setting store_setting(const std::string& kinds);
inline constexpr const char* kStoresOnDisk =
    "sqlite:PATH, postgresql://... (a libpq URI), or \"postgresql:host=... dbname=...\"";
inline constexpr const char* kAllStores =
    "sqlite:PATH, postgresql://... (a libpq URI), \"postgresql:host=... dbname=...\", or memory: (for tests; nothing "
    "is kept)";

/// The address that the setting of that name has. A flag with a password is rejected.
[[nodiscard]] std::variant<StoreAddress, UsageExit> read_store(const Settings& settings, std::string_view name);

/// The address of the store: the value of `store`, or else the file in the state folder, which becomes the value; as
/// read_store().
[[nodiscard]] std::variant<StoreAddress, UsageExit> find_store(Settings& settings, const Surroundings& surroundings);

}  // namespace dti

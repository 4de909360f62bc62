#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "dti/cli/settings.hpp"
#include "dti/repository/open/open_repository.hpp"

namespace dti {

/// The settings of each command for a store: `store` and `store-timeout`, and then its own.
[[nodiscard]] std::vector<Setting> with_store_settings(std::vector<Setting> settings);

/// The address of the store, as find_store(). A memory: store is rejected, because it exists only inside its server.
[[nodiscard]] std::variant<StoreAddress, UsageExit> find_store_on_disk(Settings& settings,
                                                                       const Surroundings& surroundings);

/// The address that another setting has, as read_store(); a memory: store is rejected.
[[nodiscard]] std::variant<StoreAddress, UsageExit> read_store_on_disk(const Settings& settings, std::string_view name);

}  // namespace dti

#pragma once

#include <variant>

#include "common/settings.hpp"
#include "dti/repository/open_repository.hpp"

namespace dti {

/// The setting `store` of the programs that use one.
[[nodiscard]] Setting store_setting();

/// Where the store is: as `store` says, else the file in the state folder. A password in a flag is refused.
[[nodiscard]] std::variant<StoreAddress, UsageExit> find_store(const Settings& settings,
                                                               const Surroundings& surroundings);

}  // namespace dti

#pragma once

#include <optional>
#include <string>

#include "dti/cli/settings.hpp"
#include "dti/repository/open/open_repository.hpp"

namespace dti {

/// The setting --admin: the folder of the socket file for commands of the office.
/// @param help  what the program does with it
[[nodiscard]] Setting admin_setting(const std::string& help);

/// Reads --admin. The default depends on the store: beside the file of SQLite; for PostgreSQL, the first folder of
/// RUNTIME_DIRECTORY; otherwise none.
/// @return the folder; none if there is to be no socket file
[[nodiscard]] std::optional<std::string> find_admin_folder(Settings& settings, const StoreAddress& store,
                                                           const Surroundings& surroundings);

}  // namespace dti

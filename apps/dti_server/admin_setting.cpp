#include "dti_server/admin_setting.hpp"

#include <variant>

namespace dti {
namespace {

constexpr const char* kOff = "off";

std::optional<std::string> default_folder(const StoreAddress& store, const Surroundings& surroundings) {
  if (const auto* sqlite = std::get_if<SqliteStoreAddress>(&store)) return sqlite->path.string() + ".admin";
  if (!std::holds_alternative<PostgresqlStoreAddress>(store)) return std::nullopt;
  const auto folders = surroundings.variable("RUNTIME_DIRECTORY").value_or("");
  const auto first = folders.substr(0, folders.find(':'));  // systemd separates several directories with colons
  return first.empty() ? std::nullopt : std::optional{first};
}

}  // namespace

Setting admin_setting(const std::string& help) {
  return {.name = "admin",
          .group = "Network",
          .kind = PathKind{},
          .help = help + " Only the user of the server and root may enter the folder. off: there is no socket file.",
          .default_shown =
              "the path of a SQLite store with \".admin\" added; for PostgreSQL $RUNTIME_DIRECTORY; else none"};
}

std::optional<std::string> find_admin_folder(Settings& settings, const StoreAddress& store,
                                             const Surroundings& surroundings) {
  if (!settings.has("admin")) {
    const auto folder = default_folder(store, surroundings);
    if (!folder) return std::nullopt;
    settings.set_default("admin", *folder, "the store");
  }
  const auto& folder = settings.text("admin");
  return folder == kOff ? std::nullopt : std::optional{folder};
}

}  // namespace dti

#include "dti/repository/settings/store_options.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>

namespace dti {

Setting store_setting(const std::string& kinds) {
  return {
      .name = "store",
      .group = "Store",
      .kind = TextKind{},
      .help = "Where the ledger is: " + kinds +
              ". Keep a password in a password file (PGPASSFILE), or in DTI_STORE or a config file that other users "
              "cannot read. A flag with a password is rejected.",
      .default_shown =
          "sqlite:STATE/dti.db, where STATE is $STATE_DIRECTORY, else $XDG_STATE_HOME/dti, else "
          "~/.local/state/dti",
      .without_password = without_password};
}

std::variant<StoreAddress, UsageExit> read_store(const Settings& settings, std::string_view name) {
  const auto& text = settings.text(name);
  if (settings.origin(name).source == Source::kFlag && carries_password(text)) {
    return settings.bad(name,
                        "a password does not belong on a command line, where others can read it: use PGPASSFILE, " +
                            variable_name(name) + ", or a config file that others cannot read");
  }
  try {
    return parse_store_address(text);
  } catch (const std::invalid_argument& error) {
    return settings.bad(name, error.what());
  }
}

std::variant<StoreAddress, UsageExit> find_store(Settings& settings, const Surroundings& surroundings) {
  if (settings.has("store")) return read_store(settings, "store");
  const auto set = [&surroundings](const char* name) { return surroundings.variable(name).value_or(""); };
  std::filesystem::path state;
  std::string source;
  auto state_directory = set("STATE_DIRECTORY");
  state_directory.erase(0, state_directory.find_first_not_of(':'));
  if (!state_directory.empty()) {
    state = state_directory.substr(0, state_directory.find(':'));  // systemd separates several directories with colons
    source = "STATE_DIRECTORY";
  } else if (const std::filesystem::path xdg = set("XDG_STATE_HOME"); xdg.is_absolute()) {
    state = xdg / "dti";  // a relative path must be ignored (XDG Base Directory Specification)
    source = "XDG_STATE_HOME";
  } else if (const std::filesystem::path home = set("HOME"); home.is_absolute() && home != "/") {
    state = home / ".local" / "state" / "dti";  // a container without a home directory has "/"
    source = "HOME";
  } else {
    return settings.bad("store",
                        "is needed: none of STATE_DIRECTORY, XDG_STATE_HOME and HOME gives a folder for the default");
  }
  settings.set_default("store", describe(SqliteStoreAddress{state / "dti.db"}), source);
  return read_store(settings, "store");  // a variable with a mistaken folder would make a second, empty store too
}

}  // namespace dti

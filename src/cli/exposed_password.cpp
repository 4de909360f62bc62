#include "dti/cli/exposed_password.hpp"

#include <sys/stat.h>

#include "dti/cli/config_text.hpp"

namespace dti {
namespace {

bool others_can_read(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & S_IROTH) != 0;
}

bool has_password(const Setting& setting, const Value& value) {
  return setting.without_password && setting.without_password(value_text(value)) != value_text(value);
}

}  // namespace

std::optional<std::string> exposed_password(const AppDescription& app, const Settings& settings) {
  for (const auto& setting : app.settings) {
    const auto* const value = settings.find(setting.name);
    if (value == nullptr || settings.origin(setting.name).source != Source::kFile) continue;
    if (!has_password(setting, *value) || !others_can_read(settings.config_path())) continue;
    return settings.origin(setting.name).text + ": " + setting.name +
           ": the mode of the file lets every user read this password: move it to a password file (PGPASSFILE), or let "
           "only the user of the program read the config file (chmod)";
  }
  return std::nullopt;
}

}  // namespace dti

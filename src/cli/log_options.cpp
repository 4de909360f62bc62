#include "dti/cli/log_options.hpp"

#include <string>

namespace dti {

LogOptions log_options(const Settings& settings) {
  const std::string& level = settings.text("log-level");
  return {.level = level == "debug"     ? LogLevel::kDebug
                   : level == "warning" ? LogLevel::kWarning
                   : level == "error"   ? LogLevel::kError
                                        : LogLevel::kInfo,
          .format = settings.text("log-format") == "json" ? LogFormat::kJson : LogFormat::kText,
          .first = settings.ignored()};
}

}  // namespace dti

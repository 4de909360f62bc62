#include "dtictl/server_settings.hpp"

#include "dti_server/options.hpp"

namespace dti {

std::vector<Setting> describe_server_settings() { return describe_dti_server().settings; }

std::vector<Setting> settings_of_server_alone() {
  auto settings = describe_server_settings();
  std::erase_if(settings,
                [](const Setting& setting) { return setting.name == "store" || setting.name == "store-timeout"; });
  return settings;
}

}  // namespace dti

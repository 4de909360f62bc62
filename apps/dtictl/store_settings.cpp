#include "dtictl/store_settings.hpp"

#include <iterator>
#include <utility>

#include "dti/repository/settings/store_options.hpp"

namespace dti {
namespace {

std::variant<StoreAddress, UsageExit> refuse_memory(std::variant<StoreAddress, UsageExit> store,
                                                    const Settings& settings, std::string_view name) {
  const auto* const address = std::get_if<StoreAddress>(&store);
  if (address == nullptr || !std::holds_alternative<MemoryStoreAddress>(*address)) return store;
  return settings.bad(name, "a memory: store exists only inside its server");
}

}  // namespace

std::vector<Setting> with_store_settings(std::vector<Setting> settings) {
  std::vector<Setting> all{
      store_setting(kStoresOnDisk),
      {.name = "store-timeout",
       .group = "Store",
       .kind = SecondsKind{},
       .help = "How long connecting to the store may take, and each wait for a lock of another process.",
       .default_value = "10"},
  };
  std::move(settings.begin(), settings.end(), std::back_inserter(all));
  return all;
}

std::variant<StoreAddress, UsageExit> find_store_on_disk(Settings& settings, const Surroundings& surroundings) {
  return refuse_memory(find_store(settings, surroundings), settings, "store");
}

std::variant<StoreAddress, UsageExit> read_store_on_disk(const Settings& settings, std::string_view name) {
  return refuse_memory(read_store(settings, name), settings, name);
}

}  // namespace dti

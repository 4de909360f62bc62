#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "dti/base/log.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

struct MemoryStoreAddress {};
struct SqliteStoreAddress {
  std::filesystem::path path;
};
struct PostgresqlStoreAddress {
  std::string conninfo;  // a libpq URI or key=value text; may hold a password, so it is never shown
};
using StoreAddress = std::variant<MemoryStoreAddress, SqliteStoreAddress, PostgresqlStoreAddress>;

/// Reads `sqlite:PATH`, `postgresql://…`, `postgres://…`, `postgresql:KEY=VALUE …` or `memory:`.
/// @throws std::invalid_argument  with a sentence for people that shows nothing of a conninfo
[[nodiscard]] StoreAddress parse_store_address(std::string_view text);

/// Tells whether the text (a value of --store) contains a password. Such a value must not be on a command line.
[[nodiscard]] bool carries_password(std::string_view text);

/// A --store value without its passwords; they are not replaced by anything. The same text if it has none.
[[nodiscard]] std::string without_password(const std::string& text);

/// The address for people and logs: without user, password and options.
[[nodiscard]] std::string describe(const StoreAddress& address);

/// Opens a store for a server.
/// @param timeout  the limit for each wait that the driver of the store can limit (connecting, TCP)
/// @param log  gets the events that the operator should know although every call succeeds: `log-grows`,
///             `store-at-risk`, `store-created`, `store-is-a-copy`
/// @throws StorageError  kRefused if the store can never be used (a path that cannot be written, held by another
///   process)
[[nodiscard]] std::unique_ptr<Repository> open_repository(const StoreAddress& address,
                                                          std::chrono::milliseconds timeout, LogSink log = {});

}  // namespace dti

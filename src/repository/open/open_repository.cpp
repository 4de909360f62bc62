#include "dti/repository/open/open_repository.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>

#include "dti/repository/memory/memory_repository.hpp"
#include "dti/repository/postgresql/conninfo.hpp"
#include "dti/repository/postgresql/open_postgresql.hpp"
#include "dti/repository/sqlite/open_sqlite.hpp"

namespace dti {
namespace {

constexpr std::string_view kSqlite = "sqlite:";
constexpr std::string_view kPostgresql = "postgresql:";

std::string lower_case(std::string_view text) {
  std::string lowered{text};
  std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lowered;
}

/// For a text that libpq could not read: might it be one that was meant to carry a password?
bool looks_like_a_password(std::string_view text) {
  const std::string lowered = lower_case(text);
  const std::size_t scheme_end = lowered.find("://");
  const std::size_t authority = scheme_end == std::string::npos ? 0 : scheme_end + 3;
  const std::size_t colon = lowered.find(':', authority);
  const bool has_user_and_password = colon != std::string::npos && lowered.find('@', colon) != std::string::npos;
  return has_user_and_password || lowered.find("password") != std::string::npos ||
         lowered.find("secret") != std::string::npos;
}

/// Why the path of a SQLite store is probably not the one that the operator meant: a file of such a name would be a
/// second, empty ledger. Folders may have any name: a mistake in a folder ends at the folder that is missing.
/// @return none if there is no such reason
std::optional<std::string> path_fault(std::string_view path) {
  if (path.empty() || path == ":memory:" || path.find('\0') != path.npos) {
    return "a store sqlite:PATH needs the path of a file (for a store in memory: memory:)";
  }
  const std::string begin = "the path of the store ";
  if (path.front() == ' ' || path.back() == ' ') return begin + "has a space at an end";
  for (const std::string_view quote : {"\"", "'", "`", "\u201C", "\u2018"}) {
    if (path.starts_with(quote)) return begin + "begins with a quote: write it without quotes";
  }
  if (path.starts_with("~/")) return begin + "begins with \"~\", which only a shell replaces: write the folder out";
  if (path.starts_with("file:")) return begin + "begins with \"file:\": write only the path";
  if (path.starts_with("//") && !path.starts_with("///")) {
    return begin + "begins with two slashes: write sqlite:/PATH, or sqlite:PATH for one in the working folder";
  }
  const std::string_view file = path.substr(path.rfind('/') + 1);
  if (file.find('$') != file.npos) return begin + "ends with a variable: the server does not replace it, write its value";
  if (path.find(" # ") != path.npos || file.find(" #") != file.npos) {
    return begin + "has a comment (\" #\"): the server does not remove it";
  }
  if (file.find('?') != file.npos) return begin + "has parameters (\"?\"): write only the path";
  return std::nullopt;
}

}  // namespace

StoreAddress parse_store_address(std::string_view text) {
  if (text == "memory:") {
    return MemoryStoreAddress{};
  }
  if (text.starts_with(kSqlite)) {
    const std::string_view path = text.substr(kSqlite.size());
    if (const auto fault = path_fault(path)) throw std::invalid_argument{*fault};
    return SqliteStoreAddress{std::filesystem::path{path}};
  }
  std::string_view conninfo;
  if (is_conninfo_uri(text)) {
    conninfo = text;
  } else if (text.starts_with(kPostgresql)) {
    conninfo = text.substr(kPostgresql.size());
  } else {
    throw std::invalid_argument{
        "a store is sqlite:PATH, postgresql://HOST/DATABASE, postgresql:KEY=VALUE … or memory: (the text is not shown,"
        " since it may hold a password)"};
  }
  try {
    static_cast<void>(Conninfo{conninfo});
  } catch (const ConninfoError& error) {
    throw std::invalid_argument{std::string{"the PostgreSQL address cannot be read: "} + error.what()};
  }
  return PostgresqlStoreAddress{std::string{conninfo}};
}

bool carries_password(std::string_view text) {
  if (text.starts_with(kSqlite) || text == "memory:") {
    return false;
  }
  std::string_view conninfo = text;
  if (!is_conninfo_uri(text) && text.starts_with(kPostgresql)) {
    conninfo.remove_prefix(kPostgresql.size());
  }
  try {
    return Conninfo{conninfo}.has_password();
  } catch (const ConninfoError&) {
    return looks_like_a_password(text);
  }
}

std::string describe(const StoreAddress& address) {
  if (const auto* const sqlite = std::get_if<SqliteStoreAddress>(&address)) {
    return std::string{kSqlite} + sqlite->path.string();
  }
  if (const auto* const postgresql = std::get_if<PostgresqlStoreAddress>(&address)) {
    try {
      return std::string{kPostgresql} + Conninfo{postgresql->conninfo}.address();
    } catch (const ConninfoError&) {
      return std::string{kPostgresql} + "(an address that cannot be read)";
    }
  }
  return "memory:";
}

std::unique_ptr<Repository> open_repository(const StoreAddress& address, std::chrono::milliseconds timeout,
                                            LogSink log) {
  if (const auto* const sqlite = std::get_if<SqliteStoreAddress>(&address)) {
    return open_sqlite_repository(sqlite->path, timeout, std::move(log));
  }
  if (const auto* const postgresql = std::get_if<PostgresqlStoreAddress>(&address)) {
    return open_postgresql_repository(postgresql->conninfo, timeout, std::move(log));
  }
  return std::make_unique<MemoryRepository>(std::make_shared<MemoryStore>());
}

}  // namespace dti

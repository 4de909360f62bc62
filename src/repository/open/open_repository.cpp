#include "dti/repository/open/open_repository.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>

#include "dti/repository/memory/memory_repository.hpp"
#include "dti/repository/postgresql/conninfo.hpp"
#include "dti/repository/postgresql/open_postgresql.hpp"
#include "dti/repository/sqlite/open_sqlite.hpp"

namespace dti {
namespace {

constexpr std::string_view kSpaces[] = {" ", "\u00A0", "\u2007", "\u202F",
                                        "\u3000"};  // word processors write the others
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

bool begins_or_ends_with_space(std::string_view text) {
  return std::any_of(std::begin(kSpaces), std::end(kSpaces),
                     [&](std::string_view space) { return text.starts_with(space) || text.ends_with(space); });
}

/// Tells whether the text has a variable as shells, Kubernetes or service managers write one: $NAME, ${NAME}, $(NAME).
bool has_variable(std::string_view text) {
  for (std::size_t at = text.find('$'); at != text.npos && at + 1 < text.size(); at = text.find('$', at + 1)) {
    const char next = text[at + 1];
    if (next == '{' || next == '(' || next == '_' || std::isalpha(static_cast<unsigned char>(next)) != 0) return true;
  }
  return false;
}

/// The part of a --store value that libpq reads.
std::string_view conninfo_of(std::string_view text) {
  if (!is_conninfo_uri(text) && text.starts_with(kPostgresql)) text.remove_prefix(kPostgresql.size());
  return text;
}

/// The reason why the path of a SQLite store is probably not the one that the operator meant. The store makes the
/// folders and the file that are missing, so a mistaken path would be a second, empty ledger.
/// @return none if there is no such reason
std::optional<std::string> path_fault(std::string_view path) {
  if (path.empty() || path == ":memory:" || path.find('\0') != path.npos) {
    return "a store sqlite:PATH needs the path of a file (for a store in memory: memory:)";
  }
  const std::string begin = "the path of the store ";
  for (const std::string_view quote : {"\"", "'", "`", "\u201C", "\u2018"}) {
    if (path.starts_with(quote)) return begin + "begins with a quote: write it without quotes";
  }
  if (path.starts_with('~') && path.find('/') != path.npos) {
    return begin + "begins with \"~\", which only a shell replaces: write the folder out";
  }
  if (path.starts_with("file:")) return begin + "begins with \"file:\": write only the path";
  if (path.starts_with("//") && !path.starts_with("///")) {
    return begin + "begins with two slashes: write sqlite:/PATH, or sqlite:PATH for one in the working folder";
  }
  if (has_variable(path)) return begin + "has a variable ($): the server does not replace it, write its value";
  const std::string_view file = path.substr(path.rfind('/') + 1);
  if (path.find(" # ") != path.npos || file.find(" #") != file.npos) {
    return begin + "has a comment (\" #\"): the server does not remove it";
  }
  if (file.find('?') != file.npos) return begin + "has parameters (\"?\"): write only the path";
  for (std::string_view rest = path; !rest.empty();) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    if (begins_or_ends_with_space(rest.substr(0, end))) {
      return begin + "has a space at the beginning or the end of a name";
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
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
  if (text.starts_with(kSqlite) || text == "memory:") return false;
  try {
    return Conninfo{conninfo_of(text)}.has_password();
  } catch (const ConninfoError&) {
    return looks_like_a_password(text);
  }
}

std::string without_password(const std::string& text) {
  if (!carries_password(text)) return text;
  try {
    Conninfo conninfo{conninfo_of(text)};
    conninfo.remove_passwords();
    return std::string{kPostgresql} + conninfo.text();
  } catch (const ConninfoError&) {
    return std::string{kPostgresql} + "(an address that cannot be read)";
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

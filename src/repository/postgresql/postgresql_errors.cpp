#include "repository/postgresql/postgresql_errors.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace dti {
namespace {

using Kind = StorageError::Kind;

constexpr std::string_view kAttempt = "connection to server";

bool is_state_character(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); }

/// The SQLSTATE of «FATAL:  28P01: text»; the word before it is in the server's language.
std::optional<std::string_view> find_sqlstate(std::string_view text) {
  constexpr std::string_view kBefore = ":  ";
  constexpr std::size_t kLength = 5;
  for (auto at = text.find(kBefore); at != std::string_view::npos; at = text.find(kBefore, at + 1)) {
    const auto state = text.substr(at + kBefore.size(), kLength);
    const auto after = text.substr(std::min(text.size(), at + kBefore.size() + kLength));
    if (state.size() == kLength && after.starts_with(": ") &&
        std::all_of(state.begin(), state.end(), is_state_character)) {
      return state;
    }
  }
  return std::nullopt;
}

/// Whether a later attempt can succeed without a change of the configuration.
bool may_pass(std::string_view attempt) {
  if (const auto state = find_sqlstate(attempt)) return waiting_may_mend(*state);
  // Errors that libpq finds itself.
  constexpr std::array<std::string_view, 6> kLast = {"no password supplied",  "does not support SSL", "certificate",
                                                     "authentication method", "channel binding",      "GSSAPI"};
  return std::none_of(kLast.begin(), kLast.end(),
                      [&](std::string_view words) { return attempt.find(words) != std::string_view::npos; });
}

/// Whether this holds for at least one of the hosts.
bool any_may_pass(std::string_view text) {
  auto begin = text.find(kAttempt);
  if (begin != 0 && may_pass(text.substr(0, begin))) return true;  // a name that was not found
  while (begin < text.size()) {
    const auto end = std::min(text.find(kAttempt, begin + 1), text.size());
    if (may_pass(text.substr(begin, end - begin))) return true;
    begin = end;
  }
  return false;
}

/// Removes the lines that name a place in PostgreSQL's source code.
std::string without_locations(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const auto line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    if (!line.starts_with("LOCATION:")) kept += line;
    text.remove_prefix(line.size());
  }
  return kept;
}

constexpr std::string_view kMissingRight = "42501";
constexpr std::string_view kNoSchema = "3F000";  // search_path names no schema that the role may use

/// A name as SQL takes it.
std::string identifier(std::string_view name) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  const bool starts_plain = !name.empty() && !(name.front() >= '0' && name.front() <= '9');
  if (starts_plain && std::all_of(name.begin(), name.end(), is_plain)) return std::string{name};
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? std::string{"\"\""} : std::string{c};
  return quoted + '"';
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// The rest of the line behind `before`, without quotes around it.
std::optional<std::string_view> named_after(std::string_view text, std::string_view before) {
  const auto at = text.find(before);
  if (at == std::string_view::npos) return std::nullopt;
  auto name = text.substr(at + before.size());
  name = name.substr(0, name.find('\n'));
  if (name.size() >= 2 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
  return name;
}

std::string table_rights(std::string_view table, bool reads_only) {
  if (reads_only) return "SELECT";
  return table == "leadership" || table == "semester" ? "SELECT, INSERT, UPDATE" : "SELECT, INSERT";
}

/// The statement that gives the right; none if the message is not understood.
std::optional<std::string> statement_for(std::string_view text, const PostgresqlClient& client) {
  const std::string to_role = " TO " + identifier(client.role) + ";";
  if (const auto schema = named_after(text, "permission denied for schema ")) {
    return std::string{client.reads_only ? "GRANT USAGE" : "GRANT USAGE, CREATE"} + " ON SCHEMA " +
           identifier(*schema) + to_role;
  }
  for (const std::string_view kind : {"table", "view", "materialized view", "relation"}) {
    if (const auto table = named_after(text, "permission denied for " + std::string{kind} + " ")) {
      return "GRANT " + table_rights(*table, client.reads_only || kind == "view") + " ON TABLE " + identifier(*table) +
             to_role;
    }
  }
  if (const auto sequence = named_after(text, "permission denied for sequence ")) {
    return "GRANT USAGE, SELECT ON SEQUENCE " + identifier(*sequence) + to_role;
  }
  if (const auto database = named_after(text, "permission denied for database ")) {
    return std::string{contains(text, "CONNECT") ? "GRANT CONNECT" : "GRANT CREATE"} + " ON DATABASE " +
           identifier(*database) + to_role;
  }
  if (const auto function = named_after(text, "permission denied for function ")) {
    return "GRANT EXECUTE ON FUNCTION " + identifier(*function) + to_role;
  }
  if (const auto table = named_after(text, "must be owner of table ")) {
    return "ALTER TABLE " + identifier(*table) + " OWNER" + to_role;
  }
  if (contains(text, "process is being terminated") || contains(text, "permission denied to terminate process")) {
    return "GRANT pg_signal_backend" + to_role;
  }
  if (contains(text, "row-level security")) return "ALTER ROLE " + identifier(client.role) + " BYPASSRLS;";
  return std::nullopt;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool is_space = c == ' ' || c == '\n' || c == '\t';
    if (!is_space) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (line.ends_with(' ')) line.pop_back();
  return line;
}

bool waiting_may_mend(std::string_view sqlstate) {
  // 57: starting or stopping. 53: no resources, such as connections. 08: the link; 08P01 is a client that is not
  // understood. All else, such as 28 (authentication) or 3D (no such database), is configuration or damage.
  return sqlstate.starts_with("57") || sqlstate.starts_with("53") ||
         (sqlstate.starts_with("08") && sqlstate != "08P01");
}

Conninfo parse_conninfo(const std::string& text) {
  try {
    return Conninfo{text};
  } catch (const ConninfoError& error) {
    throw StorageError{Kind::kRefused, std::string{"the PostgreSQL address cannot be read: "} + error.what()};
  }
}

StorageError connect_error(const Conninfo& conninfo, std::string_view libpq_text, const PostgresqlClient& client) {
  // libpq's own text is shown only where it tells of an attempt to reach a server, which quotes hosts, users and
  // databases. Other texts quote the address, which may hold a password.
  const bool tells_of_an_attempt = libpq_text.find(kAttempt) != std::string_view::npos ||
                                   libpq_text.find("could not translate host name") != std::string_view::npos;
  if (!tells_of_an_attempt && libpq_text.find("invalid ") != std::string_view::npos) {
    return {Kind::kRefused,
            "libpq does not accept a value in the PostgreSQL address; the value is not shown, because it may be a"
            " password"};
  }
  const auto kind = tells_of_an_attempt && any_may_pass(libpq_text) ? Kind::kUnreachable : Kind::kUnavailable;
  if (tells_of_an_attempt && !conninfo.is_revealed_by(libpq_text)) {
    const bool is_read_only = libpq_text.find("session is read-only") != std::string_view::npos;
    return {kind,
            "PostgreSQL: " + one_line(without_locations(libpq_text)) +
                (is_read_only ? " (the server is a standby, or default_transaction_read_only is on for the server,"
                                " the database or the role)"
                              : "") +
                rights_advice(find_sqlstate(libpq_text).value_or(""), libpq_text, client)};
  }
  return {kind, "PostgreSQL cannot be reached, or refused the connection"};
}

std::string rights_advice(std::string_view sqlstate, std::string_view text, const PostgresqlClient& client) {
  const auto role = "the role " + identifier(client.role);
  if (sqlstate == kNoSchema) {
    return ". No schema of search_path exists that " + role +
           " may use. Create one, or, as the owner of the schema or as a superuser, run in database " +
           identifier(client.database) + ": GRANT USAGE, CREATE ON SCHEMA public TO " + identifier(client.role) + ";";
  }
  if (sqlstate != kMissingRight) return {};
  if (contains(text, "superuser to terminate") || contains(text, "superuser process") ||
      contains(text, "SUPERUSER attribute may terminate")) {
    return ". The session of the server that led belongs to a superuser, and " + role +
           " may not end it. End it as a superuser (SELECT pg_terminate_backend(backend_pid) FROM leadership;), and "
           "let all"
           " servers connect as the same ordinary role";
  }
  const auto statement = statement_for(text, client);
  if (!statement) {
    return ". A right of " + role + " is missing in database " + identifier(client.database) +
           ": see \"Rights of the servers\" in docs/operations.md";
  }
  return ". A right of " + role + " is missing. As the owner of the object or as a superuser, run in database " +
         identifier(client.database) + ": " + *statement;
}

}  // namespace dti

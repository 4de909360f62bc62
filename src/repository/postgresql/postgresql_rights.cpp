#include "repository/postgresql/postgresql_rights.hpp"

#include <algorithm>
#include <optional>

namespace dti {
namespace {

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

/// What is to be done, to follow "run:"; none if the message is not understood.
std::optional<std::string> statement_for(std::string_view text, const PostgresqlClient& client) {
  const std::string to_role = " TO " + identifier(client.role) + ";";
  if (const auto schema = named_after(text, "permission denied for schema ")) {
    return std::string{client.reads_only ? "GRANT USAGE" : "GRANT USAGE, CREATE"} + " ON SCHEMA " + identifier(*schema) +
           to_role;
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
           " may not end it. End it as a superuser (SELECT pg_terminate_backend(backend_pid) FROM leadership;), and let all"
           " servers connect as the same ordinary role";
  }
  const auto statement = statement_for(text, client);
  if (!statement) {
    return ". A right of " + role + " is missing in database " + identifier(client.database) +
           ": see \"Rights in PostgreSQL\" in docs/operations.md";
  }
  return ". A right of " + role + " is missing. As the owner of the object or as a superuser, run in database " +
         identifier(client.database) + ": " + *statement;
}

}  // namespace dti

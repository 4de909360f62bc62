#include "repository/postgresql/postgresql_rights.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace dti {
namespace {

const PostgresqlClient kServer{"dti", "rooms", false};
const PostgresqlClient kReader{"dti", "rooms", true};

TEST(PostgresqlRights, TheStatementThatGivesAMissingRightIsNamed) {
  struct Case {
    std::string_view text;
    const PostgresqlClient& client;
    std::string_view says;
  };
  const PostgresqlClient odd{"Dti \"x\"", "rooms", false};
  const Case kCases[] = {
      {"ERROR:  permission denied for schema public\nLINE 1: CREATE TABLE x", kServer,
       "run in database rooms: GRANT USAGE, CREATE ON SCHEMA public TO dti;"},
      {"ERROR:  permission denied for schema Rooms 2025\n", kReader, "GRANT USAGE ON SCHEMA \"Rooms 2025\" TO dti;"},
      {"ERROR:  permission denied for table ledger\n", kServer, "GRANT SELECT, INSERT ON TABLE ledger TO dti;"},
      {"ERROR:  permission denied for relation ledger", kServer, "GRANT SELECT, INSERT ON TABLE ledger TO dti;"},
      {"ERROR:  permission denied for table semester", kServer,
       "GRANT SELECT, INSERT, UPDATE ON TABLE semester TO dti;"},
      {"ERROR:  permission denied for table leadership", kServer,
       "GRANT SELECT, INSERT, UPDATE ON TABLE leadership TO dti;"},
      {"ERROR:  permission denied for table ledger", kReader, "GRANT SELECT ON TABLE ledger TO dti;"},
      {"ERROR:  permission denied for view semester_left", kServer, "GRANT SELECT ON TABLE semester_left TO dti;"},
      {"ERROR:  permission denied for sequence numbers", kServer,
       "GRANT USAGE, SELECT ON SEQUENCE numbers TO dti;"},
      {"FATAL:  42501: permission denied for database \"rooms\"\nDETAIL:  User does not have CONNECT privilege.\n",
       kServer, "GRANT CONNECT ON DATABASE rooms TO dti;"},
      {"ERROR:  permission denied for database rooms", kServer, "GRANT CREATE ON DATABASE rooms TO dti;"},
      {"ERROR:  permission denied for function set_config", kServer, "GRANT EXECUTE ON FUNCTION set_config TO dti;"},
      {"ERROR:  must be owner of table leadership", kServer, "ALTER TABLE leadership OWNER TO dti;"},
      {"ERROR:  must be a member of the role whose process is being terminated or member of pg_signal_backend", kServer,
       "GRANT pg_signal_backend TO dti;"},
      {"ERROR:  permission denied to terminate process\nDETAIL:  Only roles with privileges of the role whose process is "
       "being terminated or with privileges of the \"pg_signal_backend\" role may terminate this process.",
       kServer, "GRANT pg_signal_backend TO dti;"},
      {"ERROR:  must be a superuser to terminate superuser process", kServer, "belongs to a superuser"},
      {"ERROR:  permission denied to terminate process\nDETAIL:  Only roles with the SUPERUSER attribute may terminate "
       "processes of roles with the SUPERUSER attribute.",
       kServer, "belongs to a superuser"},
      {"ERROR:  query would be affected by row-level security policy for table \"ledger\"", kServer,
       "ALTER ROLE dti BYPASSRLS;"},
      {"ERROR:  permission denied for table ledger", odd,
       "GRANT SELECT, INSERT ON TABLE ledger TO \"Dti \"\"x\"\"\";"},
      {"FEHLER:  keine Berechtigung für Tabelle ledger", kServer, "Rights in PostgreSQL"},
  };
  for (const auto& [text, client, says] : kCases) {
    const std::string advice = rights_advice("42501", text, client);
    EXPECT_NE(advice.find(says), std::string::npos) << text << "\n" << advice;
  }
}

TEST(PostgresqlRights, NoUsableSchemaIsNamedAndOtherErrorsGetNoAdvice) {
  EXPECT_NE(rights_advice("3F000", "ERROR:  no schema has been selected to create in", kServer).find("GRANT USAGE, CREATE"),
            std::string::npos);
  EXPECT_EQ(rights_advice("42P01", "ERROR:  relation \"ledger\" does not exist", kServer), "");
}

}  // namespace
}  // namespace dti

#include "repository/postgresql/postgresql_errors.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace dti {
namespace {

using Kind = StorageError::Kind;

TEST(PostgresqlConnectError, WaitingMendsADatabaseThatIsNotUpAndNoSettingThatIsWrong) {
  const std::string at = "connection to server at \"10.0.0.1\", port 5432 failed: ";
  struct Case {
    std::string text;
    Kind kind;
  };
  const Case kCases[] = {
      {at + "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n",
       Kind::kUnreachable},
      {at + "timeout expired\n", Kind::kUnreachable},
      {at + "server closed the connection unexpectedly\n", Kind::kUnreachable},
      {at + "session is read-only\n", Kind::kUnreachable},
      {"could not translate host name \"db\" to address: Name or service not known\n", Kind::kUnreachable},
      {"connection to server on socket \"/run/.s.PGSQL.5432\" failed: No such file or directory\n", Kind::kUnreachable},
      {at + "FATAL:  57P03: the database system is starting up\nLOCATION:  ProcessStartupPacket, postmaster.c:2415\n",
       Kind::kUnreachable},
      {at + "致命错误:  53300: sorry, too many clients already\n", Kind::kUnreachable},
      {at + "FATAL:  28P01: password authentication failed for user \"dti\"\n", Kind::kUnavailable},
      {at + "FATAL:  28000: no pg_hba.conf entry\n" + at + "FATAL:  28000: no pg_hba.conf entry\n", Kind::kUnavailable},
      {at + "SCHWERWIEGEND:  3D000: Datenbank »dti« existiert nicht\n", Kind::kUnavailable},
      {at + "FATAL:  08P01: unsupported startup parameter: options\n", Kind::kUnavailable},
      {at + "fe_sendauth: no password supplied\n", Kind::kUnavailable},
      {at + "server does not support SSL, but SSL was required\n", Kind::kUnavailable},
      {at + "SSL error: certificate verify failed\n", Kind::kUnavailable},
      {"definition of service \"dti\" not found\n", Kind::kUnavailable},
      {"invalid port number: \"x\"\n", Kind::kRefused},
      // Of several hosts, one that may come up is enough.
      {at + "FATAL:  28P01: no\n" + at + "Connection refused\n", Kind::kUnreachable},
      {at + "Connection refused\n" + at + "FATAL:  28P01: no\n", Kind::kUnreachable},
  };
  for (const auto& [text, kind] : kCases) EXPECT_EQ(connect_error(Conninfo{"host=h"}, text, {}).kind(), kind) << text;
}

TEST(PostgresqlConnectError, ShowsWhatTheServerSaidAndNotWhereInItsCode) {
  const auto error = connect_error(Conninfo{"host=h"},
                                   "connection to server at \"h\", port 1 failed: FATAL:  57P03: starting up\n"
                                   "LOCATION:  ProcessStartupPacket, postmaster.c:2415\n",
                                   {});
  EXPECT_STREQ(error.what(), "PostgreSQL: connection to server at \"h\", port 1 failed: FATAL: 57P03: starting up");
}

TEST(PostgresqlConnectError, TellsWhatMakesASessionReadOnly) {
  const std::string shown =
      connect_error(Conninfo{"host=h"}, "connection to server at \"h\", port 1 failed: session is read-only\n", {})
          .what();
  EXPECT_NE(shown.find("default_transaction_read_only"), std::string::npos) << shown;
}

TEST(PostgresqlConnectError, ATextOfSeveralLinesBecomesOneLineWithSingleSpaces) {
  EXPECT_EQ(one_line("Connection refused\n\tIs the server running?\n\n"), "Connection refused Is the server running?");
  EXPECT_EQ(one_line("\n"), "");
}

TEST(PostgresqlConnectError, ShowsNoTextThatHoldsAPassword) {
  const Conninfo conninfo{"host=h password=s3cret"};
  for (const std::string_view text : {"connection to server at \"h\" failed: FATAL:  28P01: s3cret",
                                      "could not translate host name \"s3cret\"", "invalid s3cret"}) {
    const std::string shown = connect_error(conninfo, text, {}).what();
    EXPECT_EQ(shown.find("s3cret"), std::string::npos) << shown;
  }
}

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
      {"ERROR:  permission denied for sequence numbers", kServer, "GRANT USAGE, SELECT ON SEQUENCE numbers TO dti;"},
      {"FATAL:  42501: permission denied for database \"rooms\"\nDETAIL:  User does not have CONNECT privilege.\n",
       kServer, "GRANT CONNECT ON DATABASE rooms TO dti;"},
      {"ERROR:  permission denied for database rooms", kServer, "GRANT CREATE ON DATABASE rooms TO dti;"},
      {"ERROR:  permission denied for function set_config", kServer, "GRANT EXECUTE ON FUNCTION set_config TO dti;"},
      {"ERROR:  must be owner of table leadership", kServer, "ALTER TABLE leadership OWNER TO dti;"},
      {"ERROR:  must be a member of the role whose process is being terminated or member of pg_signal_backend", kServer,
       "GRANT pg_signal_backend TO dti;"},
      {"ERROR:  permission denied to terminate process\nDETAIL:  Only roles with privileges of the role whose process "
       "is "
       "being terminated or with privileges of the \"pg_signal_backend\" role may terminate this process.",
       kServer, "GRANT pg_signal_backend TO dti;"},
      {"ERROR:  must be a superuser to terminate superuser process", kServer, "belongs to a superuser"},
      {"ERROR:  permission denied to terminate process\nDETAIL:  Only roles with the SUPERUSER attribute may terminate "
       "processes of roles with the SUPERUSER attribute.",
       kServer, "belongs to a superuser"},
      {"ERROR:  query would be affected by row-level security policy for table \"ledger\"", kServer,
       "ALTER ROLE dti BYPASSRLS;"},
      {"ERROR:  permission denied for table ledger", odd, "GRANT SELECT, INSERT ON TABLE ledger TO \"Dti \"\"x\"\"\";"},
      {"FEHLER:  keine Berechtigung für Tabelle ledger", kServer, "Rights of the servers"},
  };
  for (const auto& [text, client, says] : kCases) {
    const std::string advice = rights_advice("42501", text, client);
    EXPECT_NE(advice.find(says), std::string::npos) << text << "\n" << advice;
  }
}

TEST(PostgresqlRights, NoUsableSchemaIsNamedAndOtherErrorsGetNoAdvice) {
  EXPECT_NE(
      rights_advice("3F000", "ERROR:  no schema has been selected to create in", kServer).find("GRANT USAGE, CREATE"),
      std::string::npos);
  EXPECT_EQ(rights_advice("42P01", "ERROR:  relation \"ledger\" does not exist", kServer), "");
}

}  // namespace
}  // namespace dti

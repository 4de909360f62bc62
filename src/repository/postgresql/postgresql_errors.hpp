#pragma once

#include <string>
#include <string_view>

#include "dti/repository/postgresql/conninfo.hpp"
#include "dti/service/ledger/repository.hpp"

namespace dti {

/// The role and the database of a session.
struct PostgresqlClient {
  std::string role;
  std::string database;
  bool reads_only = false;
};

/// Reads a connection text. @throws StorageError  kRefused; shows nothing that may be a password
[[nodiscard]] Conninfo parse_conninfo(const std::string& text);

/// Describes a failed attempt to connect, without a password: kUnreachable if a later attempt can succeed by itself,
/// kUnavailable if PostgreSQL or this client must be configured first, kRefused for a bad address.
/// @param libpq_text  with SQLSTATEs, as PQERRORS_VERBOSE has them
/// @param client      as which the connection was tried
[[nodiscard]] StorageError connect_error(const Conninfo& conninfo, std::string_view libpq_text,
                                         const PostgresqlClient& client);

/// Whether an error with this SQLSTATE can go away without a change of the configuration.
[[nodiscard]] bool waiting_may_mend(std::string_view sqlstate);

/// An error text of a driver as one line, with single spaces.
[[nodiscard]] std::string one_line(std::string_view text);

/// For an error of PostgreSQL about a right that is missing: which right, and the statement that gives it, as a sentence
/// to append, with a space or a period before it. Empty for other errors. Where the message is in another language than
/// English, the sentence names the page that lists the rights.
/// @param text  PostgreSQL's message, with its lines
[[nodiscard]] std::string rights_advice(std::string_view sqlstate, std::string_view text,
                                        const PostgresqlClient& client);

}  // namespace dti

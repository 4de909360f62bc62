#pragma once

#include <string>
#include <string_view>

namespace dti {

/// As which a session works.
struct PostgresqlClient {
  std::string role;
  std::string database;
  bool reads_only = false;
};

/// For an error of PostgreSQL about a right that is missing: which right, and the statement that gives it, as a sentence
/// to append, with a space or a period before it. Empty for other errors. Where the message is in another language than
/// English, the sentence names the page that lists the rights.
/// @param text  PostgreSQL's message, with its lines
[[nodiscard]] std::string rights_advice(std::string_view sqlstate, std::string_view text,
                                        const PostgresqlClient& client);

}  // namespace dti

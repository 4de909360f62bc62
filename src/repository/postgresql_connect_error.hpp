#pragma once

#include <string>
#include <string_view>

#include "dti/service/repository.hpp"
#include "repository/conninfo.hpp"

namespace dti {

/// What an attempt to connect that failed means, as a sentence that never holds a password: kUnreachable if waiting can
/// mend it, kUnavailable if the server or the client has to be changed first, kRefused for a bad address.
/// @param libpq_text  with SQLSTATEs, as PQERRORS_VERBOSE has them
[[nodiscard]] StorageError connect_error(const Conninfo& conninfo, std::string_view libpq_text);

/// An error text of a driver as one line.
[[nodiscard]] std::string one_line(std::string_view text);

}  // namespace dti

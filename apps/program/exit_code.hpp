#pragma once

#include "dti/domain/status.hpp"

namespace dti {

inline constexpr int kExitNotKnown = 5;  // the outcome is not known, or there was no reply

/// The exit code of program for a status: 0 if everything was granted, 3 if a part was granted, 4 if the request was
/// rejected, 5 if the outcome is not known. Source: docs/settings.md, Exit codes.
[[nodiscard]] int program_exit_code(Status status);

/// Tells whether program writes a reply with this status to a result file. It writes none if the outcome is not known,
/// or if the program already holds a grant: that file exists already. Source: docs/protocol.md, The result file.
[[nodiscard]] bool has_result_file(Status status);

}  // namespace dti

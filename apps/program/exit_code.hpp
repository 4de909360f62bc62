#pragma once

#include "dti/domain/status.hpp"

namespace dti {

inline constexpr int kExitNotKnown = 5;  // the result is unknown, or there was no answer

/// The exit code of program for a status: 0 if all was granted, 3 if only a part was granted, 4 if the request was
/// refused, 5 if the result is unknown. Source: docs/settings.md, Flags.
[[nodiscard]] int program_exit_code(Status status);

/// Tells whether the answer is written to a result file. An answer that leaves the result unknown is not, and neither is
/// the refusal of a program that holds a grant: its file exists already. Source: docs/protocol.md, The result file.
[[nodiscard]] bool has_result_file(Status status);

}  // namespace dti

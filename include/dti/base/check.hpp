#pragma once

#include <string>

namespace dti {

/// Reports the failed check with its file and line, and ends the process with SIGABRT. Never returns. Thread: any.
[[noreturn]] void check_failed(const char* expression, const char* file, int line);

/// Sets the function that reports failed checks. Null, the initial value, reports them on stderr. Thread: any; `report`
/// is called on the thread whose check failed.
void report_failed_checks_to(void (*report)(const std::string& text));

}  // namespace dti

/// Checks a condition that our own code must guarantee, in every build. If it is false, the process stops; a server can
/// then be started again and reads its state from the ledger.
#define DTI_CHECK(expression) \
  ((expression) ? static_cast<void>(0) : ::dti::check_failed(#expression, __FILE__, __LINE__))

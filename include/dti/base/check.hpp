#pragma once

#include <string>

namespace dti {

/// Says which check failed, and where, and ends the process (SIGABRT). Never returns.
[[noreturn]] void check_failed(const char* expression, const char* file, int line);

/// Where failed checks are reported; null, as at the start: on stderr. Thread: any, and any may fail a check.
void report_failed_checks_to(void (*report)(const std::string& text));

}  // namespace dti

/// A claim about our own code, checked in every build. A server that fails one stops, and starts again from the ledger.
#define DTI_CHECK(expression) \
  ((expression) ? static_cast<void>(0) : ::dti::check_failed(#expression, __FILE__, __LINE__))

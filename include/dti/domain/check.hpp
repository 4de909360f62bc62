#pragma once

namespace dti {

/// Says which check failed, where, on stderr, and ends the process (SIGABRT). Never returns.
[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace dti

/// A claim about our own code, checked in every build. A server that fails one stops, and starts again from the ledger.
#define DTI_CHECK(expression) \
  ((expression) ? static_cast<void>(0) : ::dti::check_failed(#expression, __FILE__, __LINE__))

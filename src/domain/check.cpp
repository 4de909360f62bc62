#include "dti/domain/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace dti {

void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "check failed: %s at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace dti

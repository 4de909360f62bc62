#include "dti/base/check.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace dti {
namespace {

void print(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

std::atomic<void (*)(const std::string&)> report{&print};

}  // namespace

void check_failed(const char* expression, const char* file, int line) {
  report.load()(std::string{"check failed: "} + expression + " at " + file + ':' + std::to_string(line));
  std::abort();
}

void report_failed_checks_to(void (*given)(const std::string& text)) { report = given == nullptr ? &print : given; }

}  // namespace dti

#include "dtictl/progress.hpp"

#include <unistd.h>

#include <iostream>

#include "dti/cli/escape.hpp"

namespace dti {
namespace {

constexpr char kClearLine[] = "\r\x1b[K";

}  // namespace

ProgressLine::ProgressLine() : is_watched_(::isatty(STDERR_FILENO) != 0) {}

ProgressLine::~ProgressLine() {
  if (is_watched_) std::cerr << kClearLine << std::flush;
}

void ProgressLine::show(const std::string& task, const VerifyProgress& progress) const {
  if (!is_watched_) return;
  std::cerr << kClearLine << task;
  if (!progress.semester.empty()) {
    std::cerr << ": semester " << quoted_text(progress.semester) << ", entry " << progress.read << " of "
              << progress.head;
  }
  std::cerr << " ..." << std::flush;
}

}  // namespace dti

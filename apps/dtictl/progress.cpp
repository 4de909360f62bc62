#include "dtictl/progress.hpp"

#include <unistd.h>

#include <iostream>

#include "dti/cli/escape.hpp"

namespace dti {
namespace {

constexpr char kClearLine[] = "\r\x1b[K";

}  // namespace

ProgressLine::ProgressLine(std::chrono::milliseconds quiet)
    : is_watched_(::isatty(STDERR_FILENO) != 0), shown_from_(std::chrono::steady_clock::now() + quiet) {}

ProgressLine::~ProgressLine() {
  if (is_watched_) std::cerr << kClearLine << std::flush;
}

void ProgressLine::show(const std::string& task, const VerifyProgress& progress) const {
  if (!is_watched_ || std::chrono::steady_clock::now() < shown_from_) return;
  std::cerr << kClearLine << task;
  if (!progress.semester.empty()) {
    std::cerr << ": semester " << quoted_text(progress.semester) << ", entry " << progress.read << " of "
              << progress.head;
  }
  std::cerr << " ..." << std::flush;
}

}  // namespace dti

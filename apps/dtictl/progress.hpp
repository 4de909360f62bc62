#pragma once

#include <chrono>
#include <string>

#include "dti/service/ledger/verify.hpp"

namespace dti {

/// Shows on a terminal how far a command is, in one line that the end of this object removes. On anything else it shows
/// nothing.
class ProgressLine {
 public:
  /// @param quiet  how long nothing is shown: a command that ends soon needs no line
  explicit ProgressLine(std::chrono::milliseconds quiet = {});
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// @param task  such as "copying"; @param progress  its semester may be empty
  void show(const std::string& task, const VerifyProgress& progress) const;

 private:
  const bool is_watched_;
  const std::chrono::steady_clock::time_point shown_from_;
};

}  // namespace dti

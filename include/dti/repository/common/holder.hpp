#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dti/domain/ledger.hpp"

namespace dti {

/// The name of a repository object in the table leadership, and whether another object has taken the lead from it.
class Holder {
 public:
  Holder();

  /// `host:pid:id`. The id is random for each object, so that the object recognises its own take-over after the answer
  /// was lost.
  [[nodiscard]] const std::string& text() const { return text_; }

  /// Notes that this object leads, under this epoch.
  void leads(Epoch epoch) { led_ = epoch; }
  /// Does this object lead, if that epoch is stored?
  [[nodiscard]] bool is_leading(Epoch stored_epoch) const { return led_ == stored_epoch; }
  /// Has this object led, and does the stored leadership name another one that took the lead afterwards?
  [[nodiscard]] bool was_replaced(Epoch stored_epoch, std::string_view stored_holder) const {
    return led_ && stored_epoch > *led_ && stored_holder != text_;
  }

 private:
  const std::string text_;
  std::optional<Epoch> led_;
};

}  // namespace dti

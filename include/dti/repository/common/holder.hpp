#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dti/domain/ledger.hpp"

namespace dti {

/// Who a repository object is in the table leadership, and whether another one has taken the lead from it.
class Holder {
 public:
  Holder();

  /// `host:pid:id`. The id is random and the object's own, so that a take-over of ours whose answer was lost is
  /// recognised as ours.
  [[nodiscard]] const std::string& text() const { return text_; }

  /// We lead, under this epoch.
  void leads(Epoch epoch) { led_ = epoch; }
  /// Do we lead, if that epoch is stored?
  [[nodiscard]] bool is_leading(Epoch stored_epoch) const { return led_ == stored_epoch; }
  /// Have we led, and does the stored leadership name somebody who took the lead since?
  [[nodiscard]] bool was_replaced(Epoch stored_epoch, std::string_view stored_holder) const {
    return led_ && stored_epoch > *led_ && stored_holder != text_;
  }

 private:
  const std::string text_;
  std::optional<Epoch> led_;
};

}  // namespace dti

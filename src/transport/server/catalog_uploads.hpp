#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <variant>
#include <vector>

#include "dti/domain/catalog.hpp"
#include "dti/domain/messages.hpp"
#include "dti/protocol/office_codec.hpp"

namespace dti {

/// Collects the parts of changes of the catalogue until a change is whole. It has at most kUploadsMax changes and
/// kCatalogRowsMax programs, and forgets the oldest changes first: their senders begin again.
/// Thread: one. Source: docs/adr/0030-plans-of-the-catalogue.md
class CatalogUploads {
 public:
  static constexpr std::size_t kUploadsMax = 4;

  /// The parts that are held, from the first one on.
  struct Held {
    std::int64_t parts = 0;
  };
  /// @param sender  two senders may use one command-id
  /// @param message  a part of a change of the catalogue
  /// @return all its programs, if the change is whole with this part; otherwise what is held of it; or an error
  [[nodiscard]] std::variant<std::vector<CatalogRow>, Held, RequestError> take(const std::string& sender,
                                                                               OfficeMessage message);

  [[nodiscard]] std::size_t rows() const;

 private:
  struct Upload {
    std::string sender;
    std::string command_id;
    std::int64_t parts = 0;
    std::int64_t held = 0;
    std::vector<CatalogRow> rows;
  };

  [[nodiscard]] std::deque<Upload>::iterator find(const std::string& sender, const OfficeMessage& message);

  std::deque<Upload> uploads_;  // the one that grew last comes last
};

}  // namespace dti

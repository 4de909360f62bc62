#include "transport/server/catalog_uploads.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace dti {
namespace {

RequestError too_many() {
  return {Status::kInvalidRequest, "add: a command may have " + std::to_string(kCatalogRowsMax) + " programs", {}, {}};
}

void append(std::vector<CatalogRow>& rows, std::vector<CatalogRow> more) {
  rows.insert(rows.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

std::variant<std::vector<CatalogRow>, CatalogUploads::Held, RequestError> CatalogUploads::take(
    const std::string& sender, OfficeMessage message) {
  auto& rows = message.command.catalog->rows;
  if (message.parts == 1) return std::move(rows);
  auto found = find(sender, message);
  auto upload = found == uploads_.end() ? Upload{sender, message.command.id, message.parts, 0, {}} : std::move(*found);
  if (found != uploads_.end()) uploads_.erase(found);
  if (upload.rows.size() + rows.size() > kCatalogRowsMax) return too_many();
  const bool is_next = message.part == upload.held + 1;
  if (is_next && message.part == message.parts) {
    append(upload.rows, std::move(rows));
    return std::move(upload.rows);
  }
  if (is_next) {
    append(upload.rows, std::move(rows));
    ++upload.held;
  }
  const Held held{upload.held};
  if (held.parts == 0) return held;
  uploads_.push_back(std::move(upload));
  while (uploads_.size() > kUploadsMax || this->rows() > kCatalogRowsMax) uploads_.pop_front();
  return held;
}

std::size_t CatalogUploads::rows() const {
  std::size_t rows = 0;
  for (const auto& upload : uploads_) rows += upload.rows.size();
  return rows;
}

std::deque<CatalogUploads::Upload>::iterator CatalogUploads::find(const std::string& sender,
                                                                  const OfficeMessage& message) {
  return std::find_if(uploads_.begin(), uploads_.end(), [&](const Upload& upload) {
    return upload.sender == sender && upload.command_id == message.command.id && upload.parts == message.parts;
  });
}

}  // namespace dti

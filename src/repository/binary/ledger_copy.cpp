#include "dti/repository/binary/ledger_copy.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "dti/base/narrow.hpp"
#include "dti/repository/binary/binary_format.hpp"
#include "dti/repository/common/ledger_rows.hpp"

namespace dti {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr std::size_t kRowBytesMax = 256;
// Signature, flags and the length of an extension; a row of -1 fields ends the data.
constexpr std::string_view kHeader{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};
constexpr std::int16_t kColumns = 14;
constexpr std::int16_t kEnd = -1;
constexpr std::int32_t kNull = -1;
// PostgreSQL's times count from 2000-01-01.
constexpr std::int64_t kPostgresqlEpoch = std::chrono::microseconds{std::chrono::seconds{946'684'800}}.count();

template <class Number>
void put(std::string& piece, Number number) {
  append_big_endian(piece, std::int32_t{sizeof number});
  append_big_endian(piece, number);
}

void put(std::string& piece, const std::optional<std::string>& text) {
  append_big_endian(piece, text ? narrow(static_cast<std::int64_t>(text->size())) : kNull);
  if (text) piece += *text;
}

}  // namespace

bool LedgerCopy::next(std::string& piece) {
  piece.clear();
  if (has_ended_) return false;
  piece.reserve(kPieceBytes + kRowBytesMax);
  if (!has_begun_) piece += kHeader;
  has_begun_ = true;
  while (message_ < batch_->messages.size() && piece.size() < kPieceBytes) {
    const BatchMessage& message = batch_->messages[message_];
    if (of_message_ == message.entry_count) {
      ++message_;
      of_message_ = 0;
      continue;
    }
    put_entry(piece, batch_->entries[entry_++], message.request_id);
    ++of_message_;
  }
  if (message_ == batch_->messages.size()) {
    append_big_endian(piece, kEnd);
    has_ended_ = true;
  }
  return true;
}

void LedgerCopy::put_entry(std::string& piece, const LedgerEntry& entry,
                           const std::optional<std::string>& request_id) const {
  append_big_endian(piece, kColumns);
  put(piece, narrow(batch_->semester_id));
  put(piece, stored_time(batch_->at) - kPostgresqlEpoch);
  put(piece, static_cast<std::int16_t>(stored_code(entry.kind)));
  put(piece, std::int64_t{entry.seq});
  put(piece, narrow(entry.program_id));
  put(piece, std::int32_t{entry.generation});
  for (const Quantity rooms :
       {entry.want.classrooms, entry.want.labs, entry.grant.classrooms, entry.grant.labs, entry.grant.mobile_labs}) {
    put(piece, narrow(rooms));
  }
  put(piece, static_cast<std::int16_t>(status_code(entry)));
  put(piece, request_id);
  if (entry.seq == batch_->entries.back().seq) {
    append_big_endian(piece, std::int32_t{kSealBytes});
    piece.append(reinterpret_cast<const char*>(seal_.bytes.data()), seal_.bytes.size());
  } else {
    append_big_endian(piece, kNull);
  }
}

}  // namespace dti

#include "dti/service/ledger/stored_rows.hpp"

#include "dti/domain/allocate.hpp"
#include "dti/domain/status.hpp"
#include "dti/seals/blake2b.hpp"
#include "dti/service/ledger/storage_error.hpp"

namespace dti {

void throw_lowest_number() {
  throw StorageError{StorageError::Kind::kCorrupt, "a row of the ledger has the number " +
                                                       std::to_string(std::numeric_limits<std::int64_t>::min()) +
                                                       ", which no column may have"};
}

std::int64_t id_hash(std::string_view id) {
  Blake2b hash;
  hash.add(id);
  const auto seal = hash.finish();
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8 | seal.bytes[i];
  return static_cast<std::int64_t>(number & std::uint64_t{std::numeric_limits<std::int64_t>::max()});
}

Seal hash_of(const CommandNote& note) {
  Blake2b hash;
  hash.add("dti-note-1");
  hash.add({reinterpret_cast<const char*>(note.salt.data()), note.salt.size()});
  for (const auto* const text : {&note.actor, &note.note}) {
    std::array<char, 4> length;
    for (std::size_t i = 0; i < length.size(); ++i) length[i] = static_cast<char>(text->size() >> (24 - 8 * i));
    hash.add({length.data(), length.size()});
    hash.add(*text);
  }
  return hash.finish();
}

int status_code(const LedgerEntry& entry) { return grant_status(entry.want, entry.grant) == Status::kOk ? 0 : 1; }

namespace {

/// The columns of one limit.
void put_limit(const QuotaLimit& limit, StoredNumber& rooms, StoredNumber& is_soft) {
  if (limit.rooms < 0) return;
  rooms = limit.rooms;
  is_soft = limit.is_soft ? 1 : 0;
}

QuotaLimit limit_of(const StoredNumber& rooms, const StoredNumber& is_soft) {
  return {static_cast<std::int32_t>(rooms.value_or(-1)), is_soft.value_or(0) != 0};
}

}  // namespace

std::string kind_text(std::int64_t code) {
  const auto kind = entry_kind_from_code(code);
  return kind ? std::string{stored_text(*kind)} : "kind " + std::to_string(code);
}

std::string cause_text(std::int64_t code) {
  const bool is_known = code >= 0 && code < kCauseCount;
  return is_known ? std::string{stored_text(static_cast<Cause>(code))} : "cause " + std::to_string(code);
}

LedgerRow row_of(const LedgerEntry& entry) {
  LedgerRow row{.seq = entry.seq, .kind = stored_code(entry.kind)};
  switch (entry.kind) {
    case EntryKind::kGranted:
      row.status = status_code(entry);
      if (entry.waits_since > 0) row.waits_since = entry.waits_since;
      if (entry.expires_at != 0) row.expires_at = entry.expires_at;
      [[fallthrough]];
    case EntryKind::kReleased:
      if (entry.cause != Cause::kAsked || entry.expires_at != 0) row.cause = static_cast<std::int64_t>(entry.cause);
      row.program_id = entry.program_id;
      row.generation = entry.generation;
      row.classrooms_wanted = entry.want.classrooms;
      row.labs_wanted = entry.want.labs;
      row.classrooms_granted = entry.grant.classrooms;
      row.labs_granted = entry.grant.labs;
      row.mobile_labs_granted = entry.grant.mobile_labs;
      break;
    case EntryKind::kCapacityChanged:
    case EntryKind::kSemesterOpened:
      row.classrooms_capacity = entry.capacity.classrooms;
      row.labs_capacity = entry.capacity.labs;
      row.conversions_capacity = entry.capacity.conversions;
      break;
    case EntryKind::kSetting: row.setting = static_cast<std::int64_t>(entry.setting); break;
    case EntryKind::kHoldExtended: row.expires_at = entry.expires_at; [[fallthrough]];
    case EntryKind::kWaitingLeft:
    case EntryKind::kConfirmed:
      row.program_id = entry.program_id;
      row.generation = entry.generation;
      break;
    case EntryKind::kQuotaSet:
      row.faculty_id = entry.faculty_id;
      put_limit(entry.quota.classrooms, row.classrooms_limit, row.classrooms_limit_is_soft);
      put_limit(entry.quota.labs, row.labs_limit, row.labs_limit_is_soft);
      break;
    case EntryKind::kSemesterClosed:
    case EntryKind::kSemesterReopened:
    case EntryKind::kRound:
    case EntryKind::kRoundOpened: break;
  }
  return row;
}

LedgerEntry entry_of(const LedgerRow& row) {
  return {
      .seq = row.seq,
      .kind = static_cast<EntryKind>(row.kind),
      .cause = static_cast<Cause>(row.cause.value_or(0)),
      .setting = static_cast<SemesterSetting>(row.setting.value_or(0)),
      .program_id = static_cast<ProgramId>(row.program_id.value_or(0)),
      .generation = static_cast<std::int32_t>(row.generation.value_or(1)),
      .faculty_id = static_cast<FacultyId>(row.faculty_id.value_or(0)),
      .want = {row.classrooms_wanted.value_or(0), row.labs_wanted.value_or(0)},
      .grant = {row.classrooms_granted.value_or(0), row.labs_granted.value_or(0), row.mobile_labs_granted.value_or(0)},
      .capacity = {row.classrooms_capacity.value_or(0), row.labs_capacity.value_or(0),
                   row.conversions_capacity.value_or(0)},
      .waits_since = row.waits_since.value_or(0),
      .expires_at = row.expires_at.value_or(0),
      .quota = {limit_of(row.classrooms_limit, row.classrooms_limit_is_soft),
                limit_of(row.labs_limit, row.labs_limit_is_soft)}};
}

}  // namespace dti

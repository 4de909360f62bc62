#include "dti/service/ledger/ledger_seal.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "dti/base/narrow.hpp"

namespace dti {
namespace {

constexpr std::string_view kTag = "dti-ledger-1";
constexpr std::size_t kBufferBytes = 4096;
// The bits of what an entry has; those of the other numbers are 0 to 10.
constexpr unsigned kHasRequestId = 1U << 11;
constexpr unsigned kHasCause = 1U << 12;
constexpr unsigned kHasNoteHash = 1U << 13;
constexpr unsigned kHasCommandId = 1U << 14;
constexpr unsigned kHasMoreBits = 1U << 15;         // the next two bytes have the bits of more numbers
constexpr unsigned kBitsOfGrant = 0x7F | 1U << 10;  // program to mobile labs, and the status
constexpr std::size_t kNumbersOfGrant = 8;
constexpr std::size_t kNumbersMax = 12;
constexpr std::size_t kMoreNumbersMax = 8;
constexpr unsigned kHasTerms = 1U << kMoreNumbersMax;  // of the second table

/// Most significant byte first.
template <std::unsigned_integral Number>
char* put(char* to, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) {
    *to++ = static_cast<char>(number >> (8 * (sizeof number - 1 - i)));
  }
  return to;
}

void append(std::string& to, std::int64_t number) {
  std::array<char, sizeof number> bytes;
  put(bytes.data(), static_cast<std::uint64_t>(number));
  to.append(bytes.data(), bytes.size());
}

void append(std::string& to, std::string_view text) {
  std::array<char, sizeof(std::uint32_t)> length;
  put(length.data(), static_cast<std::uint32_t>(text.size()));
  to.append(length.data(), length.size());
  to += text;
}

template <std::size_t kSize>
std::string_view view_of(const std::array<std::uint8_t, kSize>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Sealing::Sealing(const StoreId& store, SemesterId chain, const Seal& before) {
  buffer_.reserve(2 * kBufferBytes);
  buffer_ += kTag;
  buffer_ += view_of(store.bytes);
  append(buffer_, chain);
  buffer_ += view_of(before.bytes);
}

bool Sealing::add(const StoredEntry& entry) {
  const auto& row = entry.row;
  const std::array<const StoredNumber*, kNumbersMax> numbers{&row.program_id,
                                                             &row.generation,
                                                             &row.classrooms_wanted,
                                                             &row.labs_wanted,
                                                             &row.classrooms_granted,
                                                             &row.labs_granted,
                                                             &row.mobile_labs_granted,
                                                             &row.classrooms_capacity,
                                                             &row.labs_capacity,
                                                             &row.conversions_capacity,
                                                             &row.status,
                                                             &row.cause};
  // The columns of the second table in docs/ledger-seals.md, in the order of their bits.
  struct More {
    const StoredNumber& number;
    bool is_wide;
  };
  const std::array<More, kMoreNumbersMax> more{{{row.waits_since, true},
                                                {row.setting, false},
                                                {row.expires_at, true},
                                                {row.faculty_id, false},
                                                {row.classrooms_limit, false},
                                                {row.classrooms_limit_is_soft, false},
                                                {row.labs_limit, false},
                                                {row.labs_limit_is_soft, false}}};
  unsigned more_bits = 0;
  for (std::size_t i = 0; i < more.size(); ++i) {
    if (more[i].number) more_bits |= 1U << i;
  }
  if (row.terms) more_bits |= kHasTerms;
  // bits, more bits, seq, at, kind, numbers, more numbers
  std::array<char, 2 + 2 + 8 + 8 + 1 + kNumbersMax * 4 + kMoreNumbersMax * 8> bytes;
  unsigned bits = more_bits == 0 ? 0U : kHasMoreBits;
  char* to = bytes.data() + 2;
  if (more_bits != 0) to = put(to, static_cast<std::uint16_t>(more_bits));
  to = put(to, static_cast<std::uint64_t>(row.seq));
  to = put(to, static_cast<std::uint64_t>(entry.at));
  if (!std::in_range<std::uint8_t>(row.kind)) return false;
  to = put(to, static_cast<std::uint8_t>(row.kind));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!numbers[i]->has_value()) continue;
    if (!std::in_range<std::int32_t>(**numbers[i])) return false;
    bits |= numbers[i] == &row.cause ? kHasCause : 1U << i;
    to = put(to, static_cast<std::uint32_t>(**numbers[i]));
  }
  for (std::size_t i = 0; i < more.size() && more_bits >> i != 0; ++i) {
    if (!more[i].number) continue;
    if (!more[i].is_wide && !std::in_range<std::int32_t>(*more[i].number)) return false;
    to = more[i].is_wide ? put(to, static_cast<std::uint64_t>(*more[i].number))
                         : put(to, static_cast<std::uint32_t>(*more[i].number));
  }
  if (entry.request_id) bits |= kHasRequestId;
  if (entry.command_id) bits |= kHasCommandId;
  if (entry.note_hash) bits |= kHasNoteHash;
  put(bytes.data(), static_cast<std::uint16_t>(bits));
  buffer_.append(bytes.data(), to);
  if (row.terms) append(buffer_, std::string_view{*row.terms});
  if (entry.request_id) append(buffer_, std::string_view{*entry.request_id});
  if (entry.command_id) append(buffer_, std::string_view{*entry.command_id});
  if (entry.note_hash) buffer_ += view_of(entry.note_hash->bytes);
  if (buffer_.size() >= kBufferBytes) flush();
  return true;
}

void Sealing::add_grant(const LedgerEntry& entry, std::int64_t at, const std::optional<std::string>& request_id) {
  std::array<char, 2 + 8 + 8 + 1 + kNumbersOfGrant * 4> bytes;
  char* to = put(bytes.data(), static_cast<std::uint16_t>(kBitsOfGrant | (request_id ? kHasRequestId : 0U)));
  to = put(to, static_cast<std::uint64_t>(entry.seq));
  to = put(to, static_cast<std::uint64_t>(at));
  to = put(to, static_cast<std::uint8_t>(stored_code(EntryKind::kGranted)));
  to = put(to, entry.program_id);
  to = put(to, static_cast<std::uint32_t>(entry.generation));
  for (const Quantity rooms :
       {entry.want.classrooms, entry.want.labs, entry.grant.classrooms, entry.grant.labs, entry.grant.mobile_labs}) {
    to = put(to, static_cast<std::uint32_t>(narrow(rooms)));
  }
  to = put(to, static_cast<std::uint32_t>(status_code(entry)));
  buffer_.append(bytes.data(), to);
  if (request_id) append(buffer_, std::string_view{*request_id});
  if (buffer_.size() >= kBufferBytes) flush();
}

bool Sealing::add(const RegistryEntry& entry) {
  if (!std::in_range<std::uint8_t>(entry.kind)) return false;
  std::uint8_t bits = entry.key ? 1U << 3 : 0;
  std::uint8_t bit = 1;
  for (const auto* const number : {&entry.faculty_id, &entry.program_id, &entry.semester_id}) {
    if (number->has_value()) bits = static_cast<std::uint8_t>(bits | bit);
    bit = static_cast<std::uint8_t>(bit << 1);
  }
  if (entry.head) bits |= 1U << 4;
  if (entry.head_seal) bits |= 1U << 5;
  if (entry.command_id) bits |= 1U << 6;
  if (entry.note_hash) bits |= 1U << 7;
  buffer_ += static_cast<char>(bits);
  append(buffer_, entry.seq);
  append(buffer_, entry.at);
  buffer_ += static_cast<char>(entry.kind);
  for (const auto* const number : {&entry.faculty_id, &entry.program_id, &entry.semester_id}) {
    if (number->has_value()) append(buffer_, **number);
  }
  append(buffer_, std::string_view{entry.name});
  if (entry.key) append(buffer_, std::string_view{*entry.key});
  if (entry.head) append(buffer_, *entry.head);
  if (entry.head_seal) buffer_ += view_of(entry.head_seal->bytes);
  if (entry.command_id) append(buffer_, std::string_view{*entry.command_id});
  if (entry.note_hash) buffer_ += view_of(entry.note_hash->bytes);
  if (buffer_.size() >= kBufferBytes) flush();
  return true;
}

Seal Sealing::finish() {
  flush();
  return hash_.finish();
}

void Sealing::flush() {
  hash_.add(buffer_);
  buffer_.clear();
}

}  // namespace dti

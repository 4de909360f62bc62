#include "dti/service/ledger/store_copy.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>
#include <utility>

namespace dti {
namespace {

constexpr auto kLastOfRegistry = std::numeric_limits<Seq>::max();

std::string number_of(std::size_t index) { return std::to_string(index + 1); }

/// The number of the first element that differs, from 0; none if the lists are the same.
template <class Items>
std::optional<std::size_t> first_difference(const Items& items, const Items& others) {
  const auto [item, other] = std::mismatch(items.begin(), items.end(), others.begin(), others.end());
  if (item == items.end() && other == others.end()) return std::nullopt;
  return static_cast<std::size_t>(item - items.begin());
}

std::vector<StoredEntry> read_piece(LedgerSnapshot& snapshot, SemesterId semester, Seq first, Seq last) {
  std::vector<StoredEntry> entries;
  snapshot.read_entries(semester, first, last, [&](std::vector<StoredEntry> piece) {
    if (entries.empty()) {
      entries = std::move(piece);
    } else {
      std::move(piece.begin(), piece.end(), std::back_inserter(entries));
    }
  });
  return entries;
}

std::vector<RegistryEntry> read_registry(LedgerSnapshot& snapshot) {
  std::vector<RegistryEntry> all;
  snapshot.read_registry(
      [&](const std::vector<RegistryEntry>& piece) { all.insert(all.end(), piece.begin(), piece.end()); });
  return all;
}

}  // namespace

void fill(StoreFiller& target, LedgerSnapshot& source, const std::function<void(const VerifyProgress&)>& progress) {
  const auto [semesters, catalog, changes] = source.survey();
  target.add_catalog(catalog);
  for (const auto& semester : semesters) target.add_semester(semester);
  source.read_registry([&](const std::vector<RegistryEntry>& entries) { target.add_registry(entries); });
  target.add_notes(kRegistryId, source.read_notes(kRegistryId, 1, kLastOfRegistry));
  if (const auto heads = source.read_chain_heads()) target.set_chain_heads(*heads);
  for (const auto& semester : semesters) {
    progress({semester.name, 0, semester.head});
    source.read_entries(semester.id, 1, semester.head, [&](const std::vector<StoredEntry>& entries) {
      target.add_entries(semester.id, entries);
      progress({semester.name, entries.back().row.seq, semester.head});
    });
    target.add_notes(semester.id, source.read_notes(semester.id, 1, semester.head));
  }
}

std::optional<std::string> compare(LedgerSnapshot& source, LedgerSnapshot& copy) {
  const auto [semesters, catalog, changes] = source.survey();
  const auto copied = copy.survey();
  if (const auto index = first_difference(catalog, copied.catalog)) {
    return "program " + number_of(*index) + " of the catalogue differs from the source";
  }
  if (const auto index = first_difference(semesters, copied.semesters)) {
    return "the row of semester number " + number_of(*index) + " differs from the source";
  }
  const auto heads = source.read_chain_heads();
  if (heads && copy.read_chain_heads() != heads) return "the store id or the seals differ from the source";
  if (read_registry(source) != read_registry(copy)) return "the registry differs from the source";
  if (source.read_notes(kRegistryId, 1, kLastOfRegistry) != copy.read_notes(kRegistryId, 1, kLastOfRegistry)) {
    return "a note of the registry differs from the source";
  }
  for (const auto& semester : semesters) {
    for (Seq first = 1; first <= semester.head; first += kLedgerPieceEntries) {
      const Seq last = std::min(semester.head, first + kLedgerPieceEntries - 1);
      const auto entries = read_piece(source, semester.id, first, last);
      if (const auto index = first_difference(entries, read_piece(copy, semester.id, first, last))) {
        return "semester \"" + semester.name + "\": entry " + std::to_string(first + static_cast<Seq>(*index)) +
               " differs from the source";
      }
      if (source.read_notes(semester.id, first, last) != copy.read_notes(semester.id, first, last)) {
        return "semester \"" + semester.name + "\": a note of a command differs from the source";
      }
    }
  }
  return std::nullopt;
}

bool is_unchanged(LedgerSnapshot& before, LedgerSnapshot& after) {
  if (before.read_epoch() != after.read_epoch()) return false;
  const auto [semesters, catalog, changes] = before.survey();
  const auto now = after.survey();
  return semesters == now.semesters && catalog == now.catalog && before.read_chain_heads() == after.read_chain_heads();
}

}  // namespace dti

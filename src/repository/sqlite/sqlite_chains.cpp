#include "repository/sqlite/sqlite_chains.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "dti/repository/common/ledger_rows.hpp"
#include "dti/repository/common/sql_text.hpp"
#include "repository/sqlite/sqlite_session.hpp"

namespace dti {
namespace {

constexpr std::size_t kEntriesPerPiece = 10'000;

/// A cell that holds something else has no seal that could fit.
std::optional<Seal> seal_of(const SqliteStatement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional{seal_of_bytes(row.bytes(column)).value_or(Seal{})};
}

SealedHead sealed_head(const SqliteStatement& row, int column) {
  return {row.integer(column), seal_of(row, column + 1).value_or(Seal{})};
}

StoredNumber number(const SqliteStatement& row, int column) {
  return row.is_null(column) ? StoredNumber{} : StoredNumber{row.integer(column)};
}

void bind(SqliteStatement& statement, const StoredNumber& number) {
  if (number) {
    statement.bind(*number);
  } else {
    statement.bind_null();
  }
}

/// The id of the store and the end of the registry.
ChainHeads read_registry_head(SqliteConnection& connection) {
  ChainHeads heads;
  SqliteStatement lead = connection.prepare("SELECT store_id, registry_head, registry_seal FROM leadership");
  if (!lead.step()) return heads;
  if (!lead.is_null(0)) heads.store = store_id_of_bytes(lead.bytes(0)).value_or(StoreId{});
  heads.ends[kRegistryId] = sealed_head(lead, 1);
  return heads;
}

/// The additions to the catalogue and to the semesters that the registry lacks. @param end  of the sealed registry
std::vector<RegistryEntry> read_unregistered(SqliteConnection& connection, Seq end) {
  SqliteStatement registered = connection.prepare(kSelectRegistered);
  registered.step();
  refuse_other_end(registered.integer(3), end);
  auto entries = additions_to_registry(read_programs(connection, static_cast<ProgramId>(registered.integer(1))),
                                       registered.integer(0));
  SqliteStatement semesters = connection.prepare("SELECT id, name FROM semester WHERE id > ? ORDER BY id");
  semesters.bind(registered.integer(2));
  while (semesters.step()) entries.push_back(semester_opened(semesters.integer(0), semesters.text(1)));
  return entries;
}

}  // namespace

std::optional<ChainHeads> read_chain_heads(SqliteConnection& connection) {
  if (schema_version(connection) < kSealsVersion) return std::nullopt;
  ChainHeads heads = read_registry_head(connection);
  SqliteStatement semesters = connection.prepare("SELECT id, sealed_head, seal FROM semester");
  while (semesters.step()) heads.ends[semesters.integer(0)] = sealed_head(semesters, 1);
  return heads;
}

RowSeal read_seal(SqliteConnection& connection, SemesterId chain, Seq seq) {
  SqliteStatement select = chain == kRegistryId
                               ? connection.prepare("SELECT seal FROM registry WHERE seq = ?")
                               : connection.prepare(
                                     "SELECT coalesce(l.seal, r.head_seal) FROM ledger l LEFT JOIN registry r"
                                     " ON r.kind = 4 AND r.semester_id = l.semester_id AND r.head = l.seq"
                                     " WHERE l.semester_id = ? AND l.seq = ?");
  if (chain != kRegistryId) select.bind(chain);
  select.bind(seq);
  if (!select.step()) return {};
  return {true, seal_of(select, 0)};
}

void read_registry(SqliteConnection& connection, const RegistrySink& sink) {
  if (schema_version(connection) < kSealsVersion) return;
  const bool has_commands = schema_version(connection) >= kCatalogVersion;
  SqliteStatement select = connection.prepare(
      "SELECT seq, at, kind, faculty_id, program_id, semester_id, name, key, head, head_seal, seal, " +
      std::string{has_commands ? "command_id, note_hash" : "NULL, NULL"} + " FROM registry ORDER BY seq");
  std::vector<RegistryEntry> piece;
  while (select.step()) {
    RegistryEntry entry{.seq = select.integer(0), .at = select.integer(1), .kind = select.integer(2)};
    entry.faculty_id = number(select, 3);
    entry.program_id = number(select, 4);
    entry.semester_id = number(select, 5);
    entry.name = select.text(6);
    if (!select.is_null(7)) entry.key = select.text(7);
    entry.head = number(select, 8);
    entry.head_seal = seal_of(select, 9);
    entry.seal = seal_of(select, 10);
    if (!select.is_null(11)) entry.command_id = select.text(11);
    entry.note_hash = seal_of(select, 12);
    piece.push_back(std::move(entry));
    if (piece.size() == kEntriesPerPiece) sink(std::exchange(piece, {}));
  }
  if (!piece.empty()) sink(std::move(piece));
}

Seq read_registry_end(SqliteConnection& connection) { return end_of_registry(read_registry_head(connection)); }

ProgramChanges read_program_changes(SqliteConnection& connection, Seq after) {
  if (schema_version(connection) < kSealsVersion) return {};
  ProgramChanges found{read_registry_end(connection), {}};
  SqliteStatement select = connection.prepare(std::string{kSelectProgramChanges} + "? ORDER BY seq");
  select.bind(after);
  while (select.step()) {
    RegistryEntry entry{.seq = select.integer(0), .kind = select.integer(1)};
    entry.program_id = number(select, 2);
    entry.faculty_id = number(select, 3);
    entry.name = select.text(4);
    if (!select.is_null(5)) entry.key = select.text(5);
    found.changes.push_back(program_change_of(entry).value());
  }
  return found;
}

CatalogState read_catalog_state(SqliteConnection& connection, const std::string& command_id,
                                const std::vector<std::string>& earlier) {
  const ChainHeads heads = read_registry_head(connection);
  CatalogState state;
  state.store = heads.store;
  state.head = heads.ends.at(kRegistryId).seq;
  SqliteStatement places = connection.prepare(kSelectCatalogPlaces);
  while (places.step()) {
    state.places.of_faculties[places.integer(0)] = places.integer(1);
    state.places.last_faculty = std::max(state.places.last_faculty, places.integer(2));
  }
  state.programs = connection.query_integer("SELECT max(id) FROM program").value_or(0);
  const auto range_of = [&](const std::string& id) -> std::optional<RegistryRange> {
    SqliteStatement select = connection.prepare(std::string{kSelectRegistryRange} + '?');
    select.bind(std::string_view{id});
    if (!select.step()) return std::nullopt;
    return RegistryRange{select.integer(1) + 1, select.integer(0)};
  };
  if (const auto written = range_of(command_id)) state.written = written->last;
  for (const auto& id : earlier) {
    if (const auto range = range_of(id)) state.earlier.push_back(*range);
  }
  return state;
}

ChainHeads check_chains(SqliteConnection& connection, Chains& chains, const Leadership& leadership, WallTime at) {
  ChainHeads heads = read_chain_heads(connection).value();
  const auto read = [&](SemesterId chain, Seq seq) { return read_seal(connection, chain, seq); };
  chains.compare(heads, {}, read, leadership.semesters);
  if (heads.store != StoreId{}) {
    refuse_unregistered(read_unregistered(connection, heads.ends[kRegistryId].seq));
    return heads;
  }
  auto& beginning = chains.begin(leadership.semesters);
  return beginning.next() ? heads : begin_chains(connection, beginning.finish(), at);
}

ChainHeads begin_chains(SqliteConnection& connection, FirstChains first, WallTime at) {
  auto entries = read_unregistered(connection, 0);
  entries.insert(entries.end(), first.seals.begin(), first.seals.end());
  first.heads.ends[kRegistryId] = seal_registry(first.heads.store, {}, stored_time(at), entries);
  insert_registry(connection, entries);
  write_chain_heads(connection, first.heads);
  return std::move(first.heads);
}

SealedHead enter(SqliteConnection& connection, std::vector<RegistryEntry> entries, WallTime at) {
  const ChainHeads heads = read_registry_head(connection);
  if (heads.store == StoreId{}) throw StorageError{StorageError::Kind::kCorrupt, "the store id is missing"};
  const SealedHead end = seal_registry(heads.store, heads.ends.at(kRegistryId), stored_time(at), entries);
  add_to_registry(connection, end, entries);
  return end;
}

void add_to_registry(SqliteConnection& connection, const SealedHead& end, const std::vector<RegistryEntry>& entries) {
  if (entries.empty()) return;
  insert_registry(connection, entries);
  connection.prepare("UPDATE leadership SET registry_head = ?, registry_seal = ?")
      .bind(end.seq)
      .bind_bytes(end.seal.bytes)
      .run();
}

void insert_registry(SqliteConnection& connection, const std::vector<RegistryEntry>& entries) {
  SqliteStatement insert = connection.prepare(
      "INSERT INTO registry (seq, at, kind, faculty_id, program_id, semester_id, name, key, head, head_seal, seal,"
      " command_id, note_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const RegistryEntry& entry : entries) {
    insert.bind(entry.seq).bind(entry.at).bind(entry.kind);
    for (const auto* const id : {&entry.faculty_id, &entry.program_id, &entry.semester_id}) bind(insert, *id);
    insert.bind(std::string_view{entry.name}).bind(entry.key);
    bind(insert, entry.head);
    insert.bind_seal(entry.head_seal).bind_seal(entry.seal).bind(entry.command_id).bind_seal(entry.note_hash).run();
  }
}

void write_chain_heads(SqliteConnection& connection, const ChainHeads& heads) {
  if (heads.store == StoreId{}) return;  // no server has sealed anything yet
  connection.prepare("UPDATE leadership SET store_id = ?").bind_bytes(heads.store.bytes).run();
  for (const auto& [chain, end] : heads.ends) {
    if (end.seq == 0) continue;
    if (chain == kRegistryId) {
      connection.prepare("UPDATE leadership SET registry_head = ?, registry_seal = ?")
          .bind(end.seq)
          .bind_bytes(end.seal.bytes)
          .run();
    } else {
      connection.prepare("UPDATE semester SET sealed_head = ?, seal = ? WHERE id = ?")
          .bind(end.seq)
          .bind_bytes(end.seal.bytes)
          .bind(chain)
          .run();
    }
  }
}

}  // namespace dti

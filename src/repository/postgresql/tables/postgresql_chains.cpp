#include "dti/repository/postgresql/tables/postgresql_chains.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "dti/repository/common/ledger_rows.hpp"
#include "dti/repository/common/sql_text.hpp"
#include "dti/repository/postgresql/tables/postgresql_rows.hpp"
#include "dti/repository/postgresql/tables/pqxx_compat.hpp"

namespace dti {
namespace {

constexpr std::size_t kEntriesPerInsert = 10'000;  // about 1 MB of parameters
constexpr std::int64_t kEntriesPerRead = 10'000;

/// A field that holds something else has no seal that could fit.
std::optional<Seal> seal_of(const pqxx::field& hex) {
  return hex.is_null() ? std::nullopt : std::optional{parse_seal(hex.c_str()).value_or(Seal{})};
}

SealedHead sealed_head(const pqxx::field& seq, const pqxx::field& hex) {
  return {integer(seq), seal_of(hex).value_or(Seal{})};
}

StoredNumber number(const pqxx::field& field) {
  return field.is_null() ? StoredNumber{} : StoredNumber{integer(field)};
}

RegistryEntry read_entry(const pqxx::row& row) {
  RegistryEntry entry{.seq = integer(row[0]), .at = integer(row[1]), .kind = integer(row[2])};
  entry.faculty_id = number(row[3]);
  entry.program_id = number(row[4]);
  entry.semester_id = number(row[5]);
  entry.name = row[6].c_str();
  if (!row[7].is_null()) entry.key = row[7].c_str();
  entry.head = number(row[8]);
  entry.head_seal = seal_of(row[9]);
  entry.seal = seal_of(row[10]);
  if (!row[11].is_null()) entry.command_id = row[11].c_str();
  entry.note_hash = seal_of(row[12]);
  return entry;
}

constexpr char kSelectRegistry[] = R"(
SELECT seq, (1000000 * extract(epoch FROM at))::bigint, kind, faculty_id, program_id, semester_id, name, key,
       head, encode(head_seal, 'hex'), encode(seal, 'hex'), )";
constexpr char kRegistryCommand[] = "command_id, encode(note_hash, 'hex')";
// For a schema from before 0006. By to_jsonb(), because it may become a newer one at any moment.
constexpr char kOlderRegistryCommand[] =
    "to_jsonb(registry) ->> 'command_id', substr(to_jsonb(registry) ->> 'note_hash', 3)";
constexpr char kFromRegistry[] = " FROM registry WHERE seq > $1::bigint ORDER BY seq LIMIT $2::bigint";

constexpr char kInsertRegistry[] = R"(
INSERT INTO registry (seq, at, kind, faculty_id, program_id, semester_id, name, key, head, head_seal, seal,
                      command_id, note_hash)
SELECT seq, timestamptz 'epoch' + at * interval '1 microsecond', kind, nullif(faculty_id, 0), nullif(program_id, 0),
       nullif(semester_id, 0), name, nullif(key, ''), nullif(head, 0), decode(nullif(head_seal, ''), 'hex'),
       decode(nullif(seal, ''), 'hex'), nullif(command_id, ''), decode(nullif(note_hash, ''), 'hex')
  FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::integer[], $5::integer[], $6::integer[], $7::text[],
              $8::text[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[])
       AS added (seq, at, kind, faculty_id, program_id, semester_id, name, key, head, head_seal, seal, command_id,
                 note_hash))";

void insert(pqxx::transaction_base& transaction, const RegistryEntry* first, const RegistryEntry* last) {
  std::string seqs, times, kinds, faculties, programs, semesters, names, keys, heads, head_seals, seals, commands,
      notes;
  for (const auto* entry = first; entry != last; ++entry) {
    add_element(seqs, std::to_string(entry->seq));
    add_element(times, std::to_string(entry->at));
    add_element(kinds, std::to_string(entry->kind));
    add_element(faculties, std::to_string(entry->faculty_id.value_or(0)));
    add_element(programs, std::to_string(entry->program_id.value_or(0)));
    add_element(semesters, std::to_string(entry->semester_id.value_or(0)));
    add_element(names, entry->name);
    add_element(keys, entry->key.value_or(std::string{}));
    add_element(heads, std::to_string(entry->head.value_or(0)));
    add_element(head_seals, entry->head_seal ? hex_text(*entry->head_seal) : std::string{});
    add_element(seals, entry->seal ? hex_text(*entry->seal) : std::string{});
    add_element(commands, entry->command_id.value_or(std::string{}));
    add_element(notes, entry->note_hash ? hex_text(*entry->note_hash) : std::string{});
  }
  compat::exec_params(transaction, kInsertRegistry, seqs + "}", times + "}", kinds + "}", faculties + "}",
                      programs + "}", semesters + "}", names + "}", keys + "}", heads + "}", head_seals + "}",
                      seals + "}", commands + "}", notes + "}");
}

/// The id of the store and the end of the registry.
ChainHeads read_registry_head(pqxx::transaction_base& transaction) {
  ChainHeads heads;
  const auto lead =
      transaction.exec("SELECT encode(store_id, 'hex'), registry_head, encode(registry_seal, 'hex') FROM leadership");
  if (lead.empty()) return heads;
  if (!lead[0][0].is_null()) heads.store = parse_store_id(lead[0][0].c_str()).value_or(StoreId{});
  heads.ends[kRegistryId] = sealed_head(lead[0][1], lead[0][2]);
  return heads;
}

/// The additions to the catalogue and to the semesters that the registry lacks. @param end  of the sealed registry
std::vector<RegistryEntry> read_unregistered(pqxx::transaction_base& transaction, Seq end) {
  const auto registered = transaction.exec(kSelectRegistered)[0];
  refuse_other_end(integer(registered[3]), end);
  auto entries = additions_to_registry(read_programs(transaction, static_cast<ProgramId>(integer(registered[1]))),
                                       integer(registered[0]));
  for (const auto& row : compat::exec_params(
           transaction, "SELECT id, name FROM semester WHERE id > $1::bigint ORDER BY id", integer(registered[2]))) {
    entries.push_back(semester_opened(integer(row[0]), row[1].c_str()));
  }
  return entries;
}

}  // namespace

void add_element(std::string& array, std::string_view value) {
  array += array.empty() ? "{\"" : ",\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') array += '\\';
    array += c;
  }
  array += '"';
}

void add_nullable(std::string& array, const std::optional<std::string>& value) {
  if (value) return add_element(array, std::string_view{*value});
  array += array.empty() ? "{NULL" : ",NULL";
}

std::optional<ChainHeads> read_chain_heads(pqxx::transaction_base& transaction) {
  if (schema_version(transaction) < kSealsVersion) return std::nullopt;
  ChainHeads heads = read_registry_head(transaction);
  for (const auto& row : transaction.exec("SELECT id, sealed_head, encode(seal, 'hex') FROM semester")) {
    heads.ends[integer(row[0])] = sealed_head(row[1], row[2]);
  }
  return heads;
}

RowSeal read_seal(pqxx::transaction_base& transaction, SemesterId chain, Seq seq) {
  const auto rows =
      chain == kRegistryId
          ? compat::exec_params(transaction, "SELECT encode(seal, 'hex') FROM registry WHERE seq = $1::bigint", seq)
          : compat::exec_params(transaction,
                                "SELECT encode(coalesce(l.seal, r.head_seal), 'hex') FROM ledger l LEFT JOIN registry r"
                                " ON r.kind = 4 AND r.semester_id = l.semester_id AND r.head = l.seq"
                                " WHERE l.semester_id = $1::integer AND l.seq = $2::bigint",
                                chain, seq);
  if (rows.empty()) return {};
  return {true, seal_of(rows[0][0])};
}

void read_registry(pqxx::transaction_base& transaction, const RegistrySink& sink) {
  const int version = schema_version(transaction);
  if (version < kSealsVersion) return;
  const std::string select = std::string{kSelectRegistry} +
                             (version < kCatalogVersion ? kOlderRegistryCommand : kRegistryCommand) + kFromRegistry;
  Seq after = 0;
  while (true) {
    std::vector<RegistryEntry> piece;
    for (const auto& row : compat::exec_params(transaction, select.c_str(), after, kEntriesPerRead)) {
      piece.push_back(read_entry(row));
    }
    if (piece.empty()) return;
    after = piece.back().seq;
    sink(std::move(piece));
  }
}

Seq read_registry_end(pqxx::transaction_base& transaction) { return end_of_registry(read_registry_head(transaction)); }

ProgramChanges read_program_changes(pqxx::transaction_base& transaction, Seq after) {
  if (schema_version(transaction) < kSealsVersion) return {};
  ProgramChanges found{read_registry_end(transaction), {}};
  const auto select = std::string{kSelectProgramChanges} + "$1::bigint ORDER BY seq";
  for (const auto& row : compat::exec_params(transaction, select.c_str(), after)) {
    RegistryEntry entry{.seq = integer(row[0]), .kind = integer(row[1])};
    entry.program_id = integer(row[2]);
    entry.faculty_id = integer(row[3]);
    entry.name = row[4].c_str();
    if (!row[5].is_null()) entry.key = row[5].c_str();
    found.changes.push_back(program_change_of(entry).value());
  }
  return found;
}

CatalogState read_catalog_state(pqxx::transaction_base& transaction, const std::string& command_id,
                                const std::vector<std::string>& earlier) {
  const ChainHeads heads = read_registry_head(transaction);
  CatalogState state;
  state.store = heads.store;
  state.head = heads.ends.at(kRegistryId).seq;
  for (const auto& row : transaction.exec(kSelectCatalogPlaces)) {
    state.places.of_faculties[integer(row[0])] = integer(row[1]);
    state.places.last_faculty = std::max(state.places.last_faculty, integer(row[2]));
  }
  state.programs = integer(transaction.exec("SELECT coalesce(max(id), 0) FROM program")[0][0]);
  const auto select = std::string{kSelectRegistryRange} + "$1::text";
  const auto range_of = [&](const std::string& id) -> std::optional<RegistryRange> {
    const auto rows = compat::exec_params(transaction, select.c_str(), id);
    if (rows.empty()) return std::nullopt;
    return RegistryRange{integer(rows[0][1]) + 1, integer(rows[0][0])};
  };
  if (const auto written = range_of(command_id)) state.written = written->last;
  for (const auto& id : earlier) {
    if (const auto range = range_of(id)) state.earlier.push_back(*range);
  }
  return state;
}

void follow_chains(pqxx::transaction_base& transaction, Chains& chains, const History& history) {
  auto heads = read_chain_heads(transaction);
  if (!heads) return;
  chains.compare(*heads, history, [&](SemesterId chain, Seq seq) { return read_seal(transaction, chain, seq); });
  chains.note(*std::move(heads), history);
}

ChainHeads check_chains(pqxx::transaction_base& transaction, Chains& chains, const Leadership& leadership,
                        WallTime at) {
  ChainHeads heads = read_chain_heads(transaction).value();
  const auto read = [&](SemesterId chain, Seq seq) { return read_seal(transaction, chain, seq); };
  chains.compare(heads, leadership.history, read, leadership.semesters);
  if (heads.store != StoreId{}) {
    refuse_unregistered(read_unregistered(transaction, heads.ends[kRegistryId].seq));
    return heads;
  }
  auto& beginning = chains.begin(leadership.semesters);
  return beginning.next() ? heads : begin_chains(transaction, beginning.finish(), at);
}

ChainHeads begin_chains(pqxx::transaction_base& transaction, FirstChains first, WallTime at) {
  auto entries = read_unregistered(transaction, 0);
  entries.insert(entries.end(), first.seals.begin(), first.seals.end());
  first.heads.ends[kRegistryId] = seal_registry(first.heads.store, {}, stored_time(at), entries);
  insert_registry(transaction, entries);
  write_chain_heads(transaction, first.heads);
  return std::move(first.heads);
}

SealedHead enter(pqxx::transaction_base& transaction, std::vector<RegistryEntry> entries, WallTime at) {
  const ChainHeads heads = read_registry_head(transaction);
  if (heads.store == StoreId{}) throw StorageError{StorageError::Kind::kCorrupt, "the store id is missing"};
  const SealedHead end = seal_registry(heads.store, heads.ends.at(kRegistryId), stored_time(at), entries);
  add_to_registry(transaction, end, entries);
  return end;
}

void add_to_registry(pqxx::transaction_base& transaction, const SealedHead& end,
                     const std::vector<RegistryEntry>& entries) {
  insert_registry(transaction, entries);
  if (entries.empty()) return;
  compat::exec_params(transaction,
                      "UPDATE leadership SET registry_head = $1::bigint, registry_seal = decode($2, 'hex')", end.seq,
                      hex_text(end.seal));
}

void insert_registry(pqxx::transaction_base& transaction, const std::vector<RegistryEntry>& entries) {
  for (std::size_t first = 0; first < entries.size(); first += kEntriesPerInsert) {
    const auto last = std::min(entries.size(), first + kEntriesPerInsert);
    insert(transaction, entries.data() + first, entries.data() + last);
  }
}

void write_chain_heads(pqxx::transaction_base& transaction, const ChainHeads& heads) {
  if (heads.store == StoreId{}) return;  // no server has sealed anything yet
  compat::exec_params(transaction, "UPDATE leadership SET store_id = decode($1, 'hex')", hex_text(heads.store));
  for (const auto& [chain, end] : heads.ends) {
    if (end.seq == 0) continue;
    const auto seal = hex_text(end.seal);
    if (chain == kRegistryId) {
      compat::exec_params(transaction,
                          "UPDATE leadership SET registry_head = $1::bigint, registry_seal = decode($2, 'hex')",
                          end.seq, seal);
    } else {
      compat::exec_params(
          transaction, "UPDATE semester SET sealed_head = $1::bigint, seal = decode($2, 'hex') WHERE id = $3::integer",
          end.seq, seal, chain);
    }
  }
}

}  // namespace dti

#include "dti/repository/postgresql/tables/postgresql_change.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <tuple>

#include "dti/repository/common/ledger_rows.hpp"
#include "dti/repository/postgresql/tables/postgresql_chains.hpp"
#include "dti/repository/postgresql/tables/postgresql_rows.hpp"
#include "dti/repository/postgresql/tables/pqxx_compat.hpp"

namespace dti {
namespace {

constexpr std::size_t kEntriesPerInsert = 10'000;  // about 2 MB of parameters

constexpr char kUpdateSemester[] = R"(
UPDATE semester
   SET head = $1::bigint, classrooms_capacity = $2::bigint, labs_capacity = $3::bigint,
       conversions_capacity = $4::bigint, classrooms_left = $5::bigint, labs_left = $6::bigint,
       conversions_left = $7::bigint, is_open = $8::boolean, sealed_head = $1::bigint, seal = decode($9, 'hex')
 WHERE id = $10::integer AND epoch = $11::bigint AND head = $12::bigint AND )";

constexpr char kInsertEntries[] = R"(
INSERT INTO ledger (semester_id, seq, at, kind, program_id, generation, classrooms_wanted, labs_wanted,
                    classrooms_granted, labs_granted, mobile_labs_granted, classrooms_capacity, labs_capacity,
                    conversions_capacity, status, cause, waits_since, setting, expires_at, faculty_id, classrooms_limit,
                    classrooms_limit_is_soft, labs_limit, labs_limit_is_soft, terms, request_id, command_id, note_hash,
                    seal)
SELECT $1::integer, seq, timestamptz 'epoch' + at * interval '1 microsecond', kind, program_id, generation,
       classrooms_wanted, labs_wanted, classrooms_granted, labs_granted, mobile_labs_granted, classrooms_capacity,
       labs_capacity, conversions_capacity, status, cause, waits_since, setting,
       timestamptz 'epoch' + expires_at * interval '1 microsecond', faculty_id, classrooms_limit,
       classrooms_limit_is_soft <> 0, labs_limit, labs_limit_is_soft <> 0, terms, request_id, command_id,
       decode(note_hash, 'hex'), decode(seal, 'hex')
  FROM unnest($2::bigint[], $3::bigint[], $4::smallint[], $5::integer[], $6::integer[], $7::integer[], $8::integer[],
              $9::integer[], $10::integer[], $11::integer[], $12::integer[], $13::integer[], $14::integer[],
              $15::smallint[], $16::smallint[], $17::bigint[], $18::smallint[], $19::bigint[], $20::integer[],
              $21::integer[], $22::smallint[], $23::integer[], $24::smallint[], $25::text[], $26::text[], $27::text[],
              $28::text[], $29::text[])
       AS entry (seq, at, kind, program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
                 mobile_labs_granted, classrooms_capacity, labs_capacity, conversions_capacity, status, cause,
                 waits_since, setting, expires_at, faculty_id, classrooms_limit, classrooms_limit_is_soft, labs_limit,
                 labs_limit_is_soft, terms, request_id, command_id, note_hash, seal))";
constexpr std::size_t kColumns = 28;

std::optional<std::string> hex_of(const std::optional<Seal>& seal) {
  return seal ? std::optional{hex_text(*seal)} : std::nullopt;
}

void insert(pqxx::transaction_base& transaction, SemesterId semester, const StoredEntry* first,
            const StoredEntry* last) {
  std::array<std::string, kColumns> arrays;
  for (const auto* entry = first; entry != last; ++entry) {
    auto* array = arrays.data();
    for (const auto number : {entry->row.seq, entry->at, entry->row.kind}) {
      add_element(*array++, std::to_string(number));
    }
    for (const auto& number : numbers_of(entry->row)) {
      add_nullable(*array++, number ? std::optional{std::to_string(*number)} : std::nullopt);
    }
    for (const auto& text :
         {entry->row.terms, entry->request_id, entry->command_id, hex_of(entry->note_hash), hex_of(entry->seal)}) {
      add_nullable(*array++, text);
    }
  }
  for (auto& array : arrays) array += '}';
  std::apply([&](const auto&... columns) { compat::exec_params(transaction, kInsertEntries, semester, columns...); },
             arrays);
}

}  // namespace

void insert_entries(pqxx::transaction_base& transaction, SemesterId semester, const std::vector<StoredEntry>& entries) {
  for (std::size_t first = 0; first < entries.size(); first += kEntriesPerInsert) {
    const auto last = std::min(entries.size(), first + kEntriesPerInsert);
    insert(transaction, semester, entries.data() + first, entries.data() + last);
  }
}

void insert_notes(pqxx::transaction_base& transaction, SemesterId semester, const std::map<Seq, CommandNote>& notes) {
  for (const auto& [seq, note] : notes) {
    compat::exec_params(transaction,
                        "INSERT INTO ledger_note (semester_id, seq, salt, actor, note)"
                        " VALUES ($1, $2, decode($3, 'hex'), $4, $5)",
                        semester, seq, hex_text(StoreId{note.salt}), note.actor, note.note);
  }
}

std::int64_t insert_programs(pqxx::transaction_base& transaction, const std::vector<CatalogProgram>& programs) {
  const auto last =
      transaction.exec("SELECT (SELECT coalesce(max(id), 0) FROM program), (SELECT coalesce(max(id), 0) FROM faculty)");
  std::int64_t last_program = integer(last[0][0]);
  const std::int64_t faculties = integer(last[0][1]);
  if (programs.empty()) return faculties;
  std::int64_t last_faculty = faculties;
  std::string faculty_ids, faculty_names, faculty_keys, ids, faculties_of, names, keys;
  for (const CatalogProgram& program : programs) {
    if (program.id != ++last_program) {
      throw StorageError{StorageError::Kind::kInvariant,
                         "program " + std::to_string(program.id) + " does not continue the catalogue"};
    }
    if (program.faculty_id == last_faculty + 1) {
      add_element(faculty_ids, std::to_string(++last_faculty));
      add_element(faculty_names, program.faculty_name);
      add_element(faculty_keys, program.faculty_key);
    }
    add_element(ids, std::to_string(program.id));
    add_element(faculties_of, std::to_string(program.faculty_id));
    add_element(names, program.name);
    add_element(keys, program.key);
  }
  if (!faculty_ids.empty()) {
    compat::exec_params(
        transaction, "INSERT INTO faculty (id, name, key) SELECT * FROM unnest($1::integer[], $2::text[], $3::text[])",
        faculty_ids + "}", faculty_names + "}", faculty_keys + "}");
  }
  if (!ids.empty()) {
    compat::exec_params(transaction,
                        "INSERT INTO program (id, faculty_id, name, key)"
                        " SELECT * FROM unnest($1::integer[], $2::integer[], $3::text[], $4::text[])",
                        ids + "}", faculties_of + "}", names + "}", keys + "}");
  }
  return faculties;
}

bool write_change(pqxx::transaction_base& transaction, const Change& change, const SealedChange& sealed,
                  const std::string& sound) {
  const auto updated = compat::exec_params(
      transaction, (kUpdateSemester + sound).c_str(), sealed.end.seq, change.capacity.classrooms, change.capacity.labs,
      change.capacity.conversions, change.left.classrooms, change.left.labs, change.left.conversions_left,
      change.is_open, hex_text(sealed.end.seal), change.semester_id, change.epoch, change.base);
  if (updated.affected_rows() == 0) return false;
  insert_entries(transaction, change.semester_id, sealed.entries);
  if (sealed.entries.back().note_hash) insert_notes(transaction, change.semester_id, {{sealed.end.seq, change.note}});
  add_to_registry(transaction, sealed.registry_end, sealed.registered);
  return true;
}

}  // namespace dti

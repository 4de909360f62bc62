#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "repository/postgresql/ledger_copy.hpp"
#include "repository/postgresql/postgresql_checks.hpp"

namespace dti {

// One statement, outside of BEGIN … COMMIT: one round trip. The guard's UPDATE waits for the row's lock and then looks
// at the row again, so that a writer that was replaced meanwhile matches nothing, and inserts nothing.
// What follows selects the entries FROM the guard. $1 to $8: semester, epoch, base, last seq, classrooms, labs and
// conversions charged, time.
/// @param sound  as of sound_session()
[[nodiscard]] inline std::string guarded_insert(const std::string& sound) {
  return R"(
WITH guard AS (
  UPDATE semester
     SET head = $4::bigint, classrooms_left = classrooms_left - $5::bigint, labs_left = labs_left - $6::bigint,
         conversions_left = conversions_left - $7::bigint
   WHERE id = $1::bigint AND epoch = $2::bigint AND head = $3::bigint AND )" +
         sound + R"(
  RETURNING id, timestamptz 'epoch' + $8::bigint * interval '1 microsecond' AS at
)
INSERT INTO ledger (semester_id, at, kind, seq, program_id, generation, classrooms_wanted, labs_wanted,
                    classrooms_granted, labs_granted, mobile_labs_granted, status, request_id)
SELECT id, at, 0, )";
}

// Any number of entries. The arrays are unnested in the list of what is selected, where PostgreSQL takes them element by
// element; in FROM it would first copy each of them to a table of its own. All are as long as the batch: BinaryArray
// sees to it.
inline constexpr char kManyEntries[] = R"(generate_series($3::bigint + 1, $4::bigint), unnest($9::integer[]),
       unnest($10::integer[]), unnest($11::integer[]), unnest($12::integer[]), unnest($13::integer[]),
       unnest($14::integer[]), unnest($15::integer[]), unnest($16::smallint[]), unnest($17::text[])
  FROM guard)";

// A few entries, such as one request's, as rows of parameters: a third less of the backend's time than by arrays.
inline constexpr std::size_t kFewEntriesMax = 8;

[[nodiscard]] inline std::string few_entries(std::size_t count) {
  std::string rows = "v.* FROM guard, (VALUES ";
  std::size_t parameter = 8;
  const auto next = [&](const char* type) { rows += ", $" + std::to_string(++parameter) + "::" + type; };
  for (std::size_t i = 1; i <= count; ++i) {
    rows += (i == 1 ? "($3::bigint + " : ", ($3::bigint + ") + std::to_string(i);
    for (int column = 0; column < 7; ++column) next("integer");  // program … mobile labs
    next("smallint");
    next("text");
    rows += ")";
  }
  return rows + ") AS v";
}

// Above this, COPY: a tenth to a sixth less of the backend's time than by arrays, but a round trip more.
inline constexpr std::size_t kManyEntriesMax = 2'000;

/// The same guard, and a COPY, as one message of the simple protocol: PostgreSQL makes them one transaction, and commits
/// it when the data has ended. @param numbers  $1 to $7 of guarded_insert()
[[nodiscard]] inline std::string guarded_copy(const std::array<std::int64_t, 7>& numbers, const std::string& sound) {
  const auto n = [&](std::size_t i) { return std::to_string(numbers.at(i - 1)); };
  return "UPDATE semester SET head = " + n(4) + ", classrooms_left = classrooms_left - " + n(5) +
         ", labs_left = labs_left - " + n(6) + ", conversions_left = conversions_left - " + n(7) +
         " WHERE id = " + n(1) + " AND epoch = " + n(2) + " AND head = " + n(3) + " AND " + sound + "; " +
         LedgerCopy::kCommand;
}

/// Who leads, and in whose session that is read.
[[nodiscard]] inline std::string read_epoch() {
  return std::string{"SELECT epoch, "} + kSessionFacts + " FROM leadership";
}

[[nodiscard]] inline std::string read_guards() {
  return std::string{"SELECT l.epoch, "} + kSessionFacts +
         ", s.id, s.head FROM leadership l LEFT JOIN semester s ON s.id = ANY ($1::integer[])";
}

inline constexpr char kTakeLeadership[] = R"(
UPDATE leadership
   SET epoch = $3::bigint, holder = $1, taken_at = timestamptz 'epoch' + $2::bigint * interval '1 microsecond',
       backend_pid = pg_backend_pid(),
       backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()),
       lease_until = clock_timestamp() + $4::bigint * interval '1 millisecond', endpoint = nullif($5, ''))";

// Who leads, and whether that keeps $1 off. By to_jsonb(), since a schema of the version before has no lease: there the
// lead is held for as long as the leader's session lives.
inline constexpr char kReadLead[] = R"(
SELECT l.epoch,
       l.holder <> $1 AND CASE WHEN l.row ? 'lease_until' THEN coalesce(l.milliseconds > 0, false)
                               ELSE EXISTS (SELECT 1 FROM pg_stat_activity a
                                             WHERE a.pid = l.backend_pid AND a.backend_start = l.backend_start) END,
       coalesce(l.row ->> 'endpoint', ''),
       ceil(l.milliseconds)::bigint
  FROM (SELECT epoch, holder, backend_pid, backend_start, to_jsonb(leadership) AS row,
               1000 * extract(epoch FROM (to_jsonb(leadership) ->> 'lease_until')::timestamptz - clock_timestamp())
                 AS milliseconds
          FROM leadership) l)";

inline constexpr char kRenewLease[] = R"(
UPDATE leadership SET lease_until = clock_timestamp() + $2::bigint * interval '1 millisecond'
 WHERE epoch = $1::bigint AND pg_backend_pid() = $3::integer)";

inline constexpr char kReleaseLease[] =
    "UPDATE leadership SET lease_until = NULL WHERE epoch = $1::bigint AND pg_backend_pid() = $2::integer";

inline constexpr char kEndOldLeader[] = R"(
SELECT pg_terminate_backend(a.pid)
  FROM leadership l JOIN pg_stat_activity a ON a.pid = l.backend_pid AND a.backend_start = l.backend_start
 WHERE l.epoch = $1::bigint AND a.pid <> pg_backend_pid())";

}  // namespace dti

#pragma once

namespace dti {

// One statement, outside of BEGIN … COMMIT: one round trip. The guard's UPDATE waits for the row's lock and then looks
// at the row again, so that a writer that was replaced meanwhile matches nothing, and inserts nothing. The greatest
// program of the catalogue, one look into an index, stands in for a foreign key: programs are numbered without gaps.
inline constexpr char kCommitBatch[] = R"(
WITH guard AS (
  UPDATE semester
     SET head = $4::bigint, classrooms_left = classrooms_left - $5::bigint, labs_left = labs_left - $6::bigint,
         conversions_left = conversions_left - $7::bigint
   WHERE id = $1::bigint AND epoch = $2::bigint AND head = $3::bigint
     AND $18::bigint <= (SELECT max(id) FROM program)
  RETURNING id
)
INSERT INTO ledger (semester_id, seq, at, kind, program_id, generation, classrooms_wanted, labs_wanted,
                    classrooms_granted, labs_granted, mobile_labs_granted, status, request_id)
SELECT $1::bigint, $3::bigint + e.place, timestamptz 'epoch' + $8::bigint * interval '1 microsecond', 0, e.program_id,
       e.generation, e.classrooms_wanted, e.labs_wanted, e.classrooms_granted, e.labs_granted, e.mobile_labs_granted,
       e.status, e.request_id
  FROM unnest($9::integer[], $10::integer[], $11::integer[], $12::integer[], $13::integer[], $14::integer[],
              $15::integer[], $16::smallint[], $17::text[])
       WITH ORDINALITY AS e (program_id, generation, classrooms_wanted, labs_wanted, classrooms_granted, labs_granted,
                             mobile_labs_granted, status, request_id, place)
 WHERE EXISTS (SELECT 1 FROM guard))";

inline constexpr char kReadGuards[] = R"(
SELECT l.epoch, s.id, s.head FROM leadership l LEFT JOIN semester s ON s.id = ANY ($1::bigint[]))";

inline constexpr char kTakeLeadership[] = R"(
UPDATE leadership
   SET epoch = $3::bigint, holder = $1, taken_at = timestamptz 'epoch' + $2::bigint * interval '1 microsecond',
       backend_pid = pg_backend_pid(),
       backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()))";

inline constexpr char kEndOldLeader[] = R"(
SELECT pg_terminate_backend(a.pid)
  FROM leadership l JOIN pg_stat_activity a ON a.pid = l.backend_pid AND a.backend_start = l.backend_start
 WHERE l.epoch = $1::bigint AND a.pid <> pg_backend_pid())";

}  // namespace dti

-- Lock the row, look at it, decide, write back what was decided.
\set program random(1, 9000000000000000000)
BEGIN;
SELECT classrooms_left, labs_left FROM pool WHERE semester_id = 1 FOR UPDATE \gset
\set classrooms least(1, :classrooms_left)
\set labs least(1, :labs_left)
\set classrooms_left :classrooms_left - :classrooms
\set labs_left :labs_left - :labs
UPDATE pool SET classrooms_left = :classrooms_left, labs_left = :labs_left WHERE semester_id = 1;
INSERT INTO room_grant VALUES (1, :program, :classrooms, :labs);
COMMIT;

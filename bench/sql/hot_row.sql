-- Take from the one row, and note the grant. Programs are drawn from so many that none comes twice.
\set program random(1, 9000000000000000000)
BEGIN;
UPDATE pool SET classrooms_left = classrooms_left - 1, labs_left = labs_left - 1 WHERE semester_id = 1;
INSERT INTO room_grant VALUES (1, :program, 1, 1);
COMMIT;

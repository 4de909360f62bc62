-- What allocates rooms without a ledger: a row with what is left, and a row for each grant. Made anew for each point.
-- The hot row has room on its page for its next versions, as ours has, so that no index is touched by an update.
SET client_min_messages = warning;
DROP TABLE IF EXISTS pool, room_grant;
DROP FUNCTION IF EXISTS grant_rooms;

CREATE TABLE pool (
  semester_id integer PRIMARY KEY,
  classrooms_left bigint NOT NULL CHECK (classrooms_left >= 0),
  labs_left bigint NOT NULL CHECK (labs_left >= 0)
) WITH (fillfactor = 20);
INSERT INTO pool VALUES (1, 500000000, 500000000);

CREATE TABLE room_grant (
  semester_id integer NOT NULL,
  program_id bigint NOT NULL,
  classrooms integer NOT NULL,
  labs integer NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (semester_id, program_id)
);

CREATE FUNCTION grant_rooms(semester integer, program bigint, classrooms integer, labs integer) RETURNS integer
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE pool
     SET classrooms_left = classrooms_left - grant_rooms.classrooms, labs_left = labs_left - grant_rooms.labs
   WHERE semester_id = semester;
  INSERT INTO room_grant VALUES (semester, program, grant_rooms.classrooms, grant_rooms.labs);
  RETURN grant_rooms.classrooms;
END $$;

-- The changes that the office made, in the order of time (UTC): what was changed, by whom, and why. The top-ups of a wait
-- list follow the change that freed rooms. The last entry of a command has the actor and the note, unless they were erased.
-- How to run it, on either database:
--   sqlite3 -readonly -header -column ~/.local/state/dti/dti.db < sql/reports/changes_by_the_office.sql
--   psql -f sql/reports/changes_by_the_office.sql 'postgresql://HOST/DATABASE'
SELECT at, semester, seq, kind, cause, faculty, program, classrooms_wanted, labs_wanted,
       classrooms_granted, labs_granted, mobile_labs_granted, classrooms_capacity, labs_capacity, conversions_capacity,
       setting, command_id, actor, note
  FROM history
 WHERE command_id IS NOT NULL
 ORDER BY at, semester, seq;

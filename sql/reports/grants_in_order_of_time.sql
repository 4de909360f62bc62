-- Every grant in the order of time (UTC); within a semester that is the order in which they took effect.
-- How to run it, on either database:
--   sqlite3 -readonly -header -column ~/.local/state/dti/dti.db < sql/reports/grants_in_order_of_time.sql
--   psql -f sql/reports/grants_in_order_of_time.sql 'postgresql://HOST/DATABASE'
SELECT at, semester, seq, faculty, program, classrooms_wanted, labs_wanted,
       classrooms_granted, labs_granted, mobile_labs_granted, status, request_id, cause, waits_since
  FROM history
 WHERE kind = 'granted'
 ORDER BY at, semester, seq;

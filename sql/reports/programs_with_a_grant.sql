-- The programs that hold a grant now, and what they hold.
-- How to run it, on either database:
--   sqlite3 -readonly -header -column ~/.local/state/dti/dti.db < sql/reports/programs_with_a_grant.sql
--   psql -f sql/reports/programs_with_a_grant.sql 'postgresql://HOST/DATABASE'
SELECT semester, faculty, program, classrooms_granted, labs_granted, mobile_labs_granted, status
  FROM allocation
 ORDER BY semester, faculty, program;

-- The programs that hold less than they asked for, and how much they lack.
-- How to run it, on either database:
--   sqlite3 -readonly -header -column ~/.local/state/dti/dti.db < sql/reports/alerts.sql
--   psql -f sql/reports/alerts.sql 'postgresql://HOST/DATABASE'
SELECT semester, faculty, program,
       classrooms_wanted - classrooms_granted AS classrooms_lacking,
       labs_wanted - labs_granted - mobile_labs_granted AS labs_lacking,
       classrooms_wanted, labs_wanted, classrooms_granted, labs_granted, mobile_labs_granted, at
  FROM alert
 ORDER BY semester, faculty, program;

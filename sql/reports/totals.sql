-- What each semester started with, what was granted, and what is left, from the ledger alone.
-- conservation: ok if capacity less what was granted is what the server's own row of the semester says.
-- How to run it, on either database:
--   sqlite3 -readonly -header -column ~/.local/state/dti/dti.db < sql/reports/totals.sql
--   psql -f sql/reports/totals.sql 'postgresql://HOST/DATABASE'
SELECT s.name AS semester,
       CASE WHEN s.is_open THEN 'open' ELSE 'closed' END AS state,
       t.classrooms_capacity, t.labs_capacity, t.conversions_capacity,
       t.classrooms_granted, t.labs_granted, t.mobile_labs_granted,
       t.classrooms_left, t.labs_left, t.mobile_labs_left,
       CASE WHEN t.classrooms_capacity = s.classrooms_capacity
             AND t.labs_capacity = s.labs_capacity
             AND t.conversions_capacity = s.conversions_capacity
             AND t.classrooms_left = s.classrooms_left
             AND t.labs_left = s.labs_left
             AND t.conversions_capacity - t.mobile_labs_granted = s.conversions_left
             AND t.classrooms_left >= 0 AND t.labs_left >= 0 AND t.mobile_labs_left >= 0
            THEN 'ok' ELSE 'BROKEN' END AS conservation
  FROM semester s
  LEFT JOIN semester_left t ON t.semester = s.name
 ORDER BY s.id;

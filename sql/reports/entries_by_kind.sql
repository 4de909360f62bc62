-- How many entries of each kind each semester's ledger holds.
-- How to run it, on either database:
--   sqlite3 -readonly -header -column ~/.local/state/dti/dti.db < sql/reports/entries_by_kind.sql
--   psql -f sql/reports/entries_by_kind.sql 'postgresql://HOST/DATABASE'
SELECT semester, kind, entries
  FROM entry_count
 ORDER BY semester, kind;

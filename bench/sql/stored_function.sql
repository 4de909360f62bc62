-- The same as hot_row.sql in one call.
\set program random(1, 9000000000000000000)
SELECT grant_rooms(1, :program, 1, 1);

-- How long the leading server keeps the others off, and where clients find it. Binaries from before 0002 neither read nor
-- write these columns. Safety does not rest on them: the epoch and the heads decide what is written (docs/adr/0015-leases.md).
ALTER TABLE leadership
  ADD COLUMN lease_until timestamptz,  -- by this database's clock; NULL: never leased, or released
  ADD COLUMN endpoint text;            -- host:port that clients are told; NULL: not known

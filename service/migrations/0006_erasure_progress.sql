-- Up to when the erasures of the ledger have been applied to this database: one row, none before the first time.
-- A restored backup has an older time than the tasks have seen.
CREATE TABLE cipherwatch.erasure_progress (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  applied timestamptz NOT NULL
);

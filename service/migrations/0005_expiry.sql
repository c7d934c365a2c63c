-- When a record expires; NULL for a record that does not. Adding a nullable column rewrites nothing.
ALTER TABLE cipherwatch.records ADD COLUMN expires timestamptz;

-- The records to delete, by time. A table of its own: an index on the stored records would block writes while it is
-- built. A row outlives a record that was forgotten before it expired.
CREATE TABLE cipherwatch.expiries (
  expires timestamptz NOT NULL,
  id uuid NOT NULL,
  PRIMARY KEY (expires, id)
);

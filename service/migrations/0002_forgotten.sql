-- What is kept of a deleted record for 24 hours, so that /forget may be repeated: nothing that holds its text.
CREATE TABLE cipherwatch.forgotten (
  id uuid PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  wrapped_key bytea NOT NULL,
  forgotten timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX forgotten_oldest ON cipherwatch.forgotten (forgotten);

CREATE TABLE cipherwatch.records (
  id uuid PRIMARY KEY,
  -- Compared byte by byte: two spellings that look alike are two names.
  name text COLLATE "C" NOT NULL CHECK (char_length(name) BETWEEN 1 AND 256),
  -- KMS takes a ciphertext of 6144 bytes at most.
  wrapped_key bytea NOT NULL CHECK (octet_length(wrapped_key) BETWEEN 1 AND 6144),
  kms_key_arn text NOT NULL,
  nonce bytea NOT NULL CHECK (octet_length(nonce) = 12),
  ciphertext bytea NOT NULL CHECK (octet_length(ciphertext) >= 16),
  format_version smallint NOT NULL,
  created timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Ciphertext does not compress: trying costs time and gains nothing.
ALTER TABLE cipherwatch.records ALTER COLUMN ciphertext SET STORAGE EXTERNAL;

CREATE INDEX records_newest_of_name ON cipherwatch.records (name, created DESC);

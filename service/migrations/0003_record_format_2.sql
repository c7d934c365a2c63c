-- Columns of format version 2. Adding nullable columns rewrites nothing, and NOT VALID skips the scan of the
-- stored rows, so the table is locked for milliseconds only. Statements of older tasks remain valid.
ALTER TABLE cipherwatch.records
  -- The digest in the encryption context, so that a record can move to another KMS key without being decrypted.
  ADD COLUMN key_digest bytea,
  -- Opaque id of the client that the record belongs to; NULL for a record of no client.
  ADD COLUMN client text COLLATE "C",
  ADD CONSTRAINT records_key_digest CHECK (octet_length(key_digest) = 32) NOT VALID,
  ADD CONSTRAINT records_format_2 CHECK (format_version < 2 OR key_digest IS NOT NULL) NOT VALID;

-- The encryption context and the KMS key of a repeated /forget. A row of an older task has format version 1 and
-- the KMS key that is configured.
ALTER TABLE cipherwatch.forgotten
  ADD COLUMN kms_key_arn text,
  ADD COLUMN format_version smallint NOT NULL DEFAULT 1,
  ADD COLUMN client text COLLATE "C";

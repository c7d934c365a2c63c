-- How much each client has taken of its quotas: a row per client, quota and window. Old windows are purged.
CREATE TABLE cipherwatch.quota_usage (
  client text COLLATE "C" NOT NULL,
  quota text COLLATE "C" NOT NULL,
  -- Number of the window since 1970: of the minute or the day.
  period integer NOT NULL,
  taken integer NOT NULL CHECK (taken > 0),
  PRIMARY KEY (client, quota, period)
) WITH (fillfactor = 70); -- room for updates within a page, which need no index entry

const READ = /(?:\.(?:json|jsonl|ndjson)(?:\.gz)?|\.zip|^result_\d+\.csv(?:\.gz)?)$/i;
/** Files that prove the integrity of CloudTrail's log files and of CloudTrail Lake's query results. */
const DIGEST = /^(?:\d{12}_CloudTrail-Digest_|result_sign\.json$)/;
/** Files such as `._a.json`, in which macOS stores the attributes of `a.json`, also in archives. */
const ATTRIBUTES = /^\._/;
/** Files of other AWS services, whose names include that of the service: `111122223333_Config_…`. */
const OTHER_SERVICE = /^\d{12}_(?!CloudTrail)/;

export function isDigest(name: string): boolean {
  return DIGEST.test(name);
}

/** Classifies a file in a folder or an archive by its name. */
export function kindOfFile(name: string): "records" | "digest" | "other" {
  if (isDigest(name)) return "digest";
  const isOther = OTHER_SERVICE.test(name) || ATTRIBUTES.test(name);
  return READ.test(name) && !isOther ? "records" : "other";
}

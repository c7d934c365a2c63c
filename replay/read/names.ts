const READ = /(?:\.(?:json|jsonl|ndjson)(?:\.gz)?|\.zip|^result_\d+\.csv(?:\.gz)?)$/i;
/** Prove the integrity of CloudTrail's log files and of CloudTrail Lake's query results. */
const DIGEST = /^(?:\d{12}_CloudTrail-Digest_|result_sign\.json$)/;
/** macOS keeps the attributes of `a.json` in `._a.json`, also in archives. */
const ATTRIBUTES = /^\._/;
/** AWS services include their name in the names of the files they deliver: `111122223333_Config_…`. */
const OTHER_SERVICE = /^\d{12}_(?!CloudTrail)/;

export function isDigest(name: string): boolean {
  return DIGEST.test(name);
}

/** Decides by its name what a file in a folder or in an archive is. */
export function kindOfFile(name: string): "records" | "digest" | "other" {
  if (isDigest(name)) return "digest";
  const isOther = OTHER_SERVICE.test(name) || ATTRIBUTES.test(name);
  return READ.test(name) && !isOther ? "records" : "other";
}

/** Members that identify formats other than CloudTrail's. */
const FORMATS: readonly (readonly [members: readonly string[], name: string])[] = [
  [["class_uid", "metadata"], "OCSF events, such as those of Security Lake"],
  [["configurationItems"], "AWS Config items"],
  [["configurationItemStatus"], "AWS Config items"],
  [["digestS3Object"], "a CloudTrail digest, which contains no events"],
  [["schemaVersion", "service", "severity"], "GuardDuty findings"],
  [["ProductArn", "Severity"], "Security Hub findings"],
  [["httpRequest", "webaclId"], "AWS WAF logs"],
  [["detail-type"], "EventBridge events other than CloudTrail's"],
  [["EventId", "EventName"], "lookup-events output without the member CloudTrailEvent"],
  [["eventID", "eventName"], "query results without the column eventJson"],
  [["QueryStatus"], "a CloudTrail Lake query without results"],
];

const TEXT_FORMATS: readonly (readonly [RegExp, string])[] = [
  [/^version account-id |^\d+ \d{12} eni-/, "VPC flow logs"],
  [/^"?event ?(?:name|id|time|version|source)\b[^{]*,/i, "CSV without the column eventJson"],
  [/^EVENTS\t/, "output of the AWS CLI as text; add --output json"],
  [/^(?:NextToken: [^\n]*\n)?Events:\s/, "output of the AWS CLI as YAML; add --output json"],
  [/^-+\r?\n\|/, "output of the AWS CLI as a table; add --output json"],
  [/^\s*</, "XML or HTML"],
];

/** Formats of archives and compressed files, by the bytes at an offset. */
const ARCHIVES: readonly (readonly [offset: number, bytes: string, why: string])[] = [
  [257, "ustar", "a tar archive; unpack it, and pass the folder"],
  [0, "\x1f\x8b", "compressed with gzip twice; decompress it once"],
  [0, "PK\x03\x04", "a zip archive within a file; unpack it, and pass the folder"],
  [0, "PK\x07\x08", "a part of a split zip archive; join the parts with zip -s 0"],
  [0, "7z\xbc\xaf", "a 7-Zip archive; unpack it, and pass the folder"],
  [0, "BZh", "compressed with bzip2; decompress it first"],
  [0, "\xfd7zXZ", "compressed with xz; decompress it first"],
  [0, "\x28\xb5\x2f\xfd", "compressed with Zstandard; decompress it first"],
];

const BINARY_FORMATS: readonly (readonly [signature: string, name: string])[] = [
  ["PAR1", "Apache Parquet"],
  ["ORC", "Apache ORC"],
  ["Obj\x01", "Apache Avro"],
];

const READ =
  "Replay reads CloudTrail's log files, downloads from Event history as JSON, the output of " +
  "`aws cloudtrail lookup-events`, and results of CloudTrail Lake queries that select eventJson.";

/**
 * Identifies an archive or a compressed file.
 * @param head the beginning of a file, decompressed if it was gzip
 * @returns its format and the next step; undefined for other files
 */
export function describeArchive(head: Buffer): string | undefined {
  return ARCHIVES.find(([offset, bytes]) => startsWith(head.subarray(offset), bytes))?.[2];
}

/**
 * Explains why a file without any CloudTrail record was not read. Names its format if that is known, but
 * never quotes its contents.
 * @param record its first JSON object, or row of query results, if it has any
 * @param head the beginning of the file
 */
export function describeForeign(record: object | undefined, head: Buffer): string {
  return `not CloudTrail: ${formatOf(record, head)}. ${READ}`;
}

function formatOf(record: object | undefined, head: Buffer): string {
  if (isBinary(head)) {
    return BINARY_FORMATS.find(([bytes]) => startsWith(head, bytes))?.[1] ?? "binary data";
  }
  if (Array.isArray(record)) return "query results without the column eventJson";
  if (record !== undefined) {
    const format = FORMATS.find(([members]) =>
      members.every((name) => Object.hasOwn(record, name)),
    );
    return format?.[1] ?? "its records have no eventTime";
  }
  const text = head.toString().replace(/^\ufeff/, "");
  return TEXT_FORMATS.find(([pattern]) => pattern.test(text))?.[1] ?? "it contains no JSON objects";
}

const startsWith = (head: Buffer, bytes: string) =>
  head.toString("latin1", 0, bytes.length) === bytes;

/** Whether a file contains control characters, which neither JSON nor CSV allows. */
export function isBinary(head: Buffer): boolean {
  return head.some((byte) => byte < 0x20 && !WHITESPACE.includes(byte));
}

/** Tab, line feed, carriage return, and the record separator of JSON text sequences. */
const WHITESPACE = [0x09, 0x0a, 0x0d, 0x1e];

/** Whether a file contains nothing but whitespace and a byte order mark. */
export function isBlank(head: Buffer): boolean {
  return head.toString().trim() === "";
}

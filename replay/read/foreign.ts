/** Members by which formats that are not CloudTrail's are recognized. */
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
];

const TEXT_FORMATS: readonly (readonly [RegExp, string])[] = [
  [/^version account-id |^\d+ \d{12} eni-/, "VPC flow logs"],
  [/^\ufeff?"?event ?(?:name|id|time)\b[^{]*,/i, "CSV without the column eventJson"],
  [/^\s*</, "XML or HTML"],
];

const READ =
  "Replay reads CloudTrail's log files, downloads from Event history as JSON, the output of " +
  "`aws cloudtrail lookup-events`, and results of CloudTrail Lake queries that select eventJson.";

/**
 * Explains why a file without any CloudTrail record was not read. Names its format if that is known, but
 * never quotes its contents.
 * @param record its first JSON object, if it has any
 * @param head the beginning of the file
 */
export function describeForeign(record: object | undefined, head: string): string {
  const name =
    record === undefined
      ? TEXT_FORMATS.find(([pattern]) => pattern.test(head))?.[1]
      : FORMATS.find(([members]) => members.every((member) => Object.hasOwn(record, member)))?.[1];
  const what =
    record === undefined ? "it contains no JSON objects" : "its records have no eventTime";
  return `not CloudTrail: ${name ?? what}. ${READ}`;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** A CloudTrail record and its JSON. */
export interface TextRecord {
  readonly record: object;
  readonly text: string;
}

/** Members that contain a record as JSON in a string, by the tool that writes them. */
const EMBEDDED_JSON = [
  "CloudTrailEvent", // aws cloudtrail lookup-events
  "eventJson", // CloudTrail Lake: SELECT eventJson
  "message", // aws logs filter-log-events, and subscriptions of log groups
  "@message", // CloudWatch Logs Insights
] as const;

/**
 * Extracts a CloudTrail record from the output of other tools: an event of `lookup-events`, of a log group or of
 * EventBridge, a row of `get-query-results`, or a record as JSON in a string.
 * @param value a parsed JSON value
 * @param text its JSON as written in the file
 * @returns `value` itself if it is an object that contains no record; undefined if it is not an object
 */
export function unwrap(value: unknown, text: string): TextRecord | undefined {
  if (typeof value === "string") return parseRecord(value);
  if (Array.isArray(value)) return unwrapRow(value, text);
  if (typeof value !== "object" || value === null) return undefined;
  const object = value as JsonObject;
  if (object.eventTime !== undefined) return { record: value, text };
  return unwrapObject(object) ?? { record: value, text };
}

function unwrapObject(object: JsonObject): TextRecord | undefined {
  for (const member of EMBEDDED_JSON) {
    const json = object[member];
    if (typeof json === "string") return parseRecord(json);
  }
  const { detail } = object;
  const record = typeof object["detail-type"] === "string" ? detail : object["@message"];
  if (typeof record !== "object" || record === null) return undefined;
  return { record, text: JSON.stringify(record) };
}

/**
 * Extracts the record from a row of query results: an array of objects with one column each, or of one value.
 * @returns `row` itself if no column contains a record, because a row with some fields of a record could match a
 *   filter by mistake
 */
function unwrapRow(row: readonly unknown[], text: string): TextRecord | undefined {
  const [first, ...others] = row;
  if (typeof first === "string" && others.length === 0) return parseRecord(first);
  const columns = row.filter((column) => typeof column === "object" && column !== null);
  if (row.length === 0 || columns.length < row.length) return undefined;
  return unwrapObject(Object.assign({}, ...columns.map(asMember))) ?? { record: row, text };
}

/** A column of CloudWatch Logs Insights is `{ field, value }`, and one of CloudTrail Lake `{ <field>: value }`. */
function asMember(column: object): object {
  return "field" in column && "value" in column ? { [String(column.field)]: column.value } : column;
}

function parseRecord(json: string): TextRecord | undefined {
  if (!/^\s*\{/.test(json)) return undefined;
  try {
    const record: unknown = JSON.parse(json);
    return typeof record === "object" && record !== null ? { record, text: json } : undefined;
  } catch {
    return undefined;
  }
}

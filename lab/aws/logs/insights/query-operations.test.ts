import { expect, test } from "vitest";
import { AwsError } from "../../../../cloudwatch/aws-error.ts";
import { manualClock } from "../../../testing/manual-clock.ts";
import { memoryJournal } from "../../../testing/memory-journal.ts";
import { ACCOUNT } from "../../testing/account.ts";
import type { LogsEntry } from "../store.ts";
import { createLogStore } from "../store.ts";
import { queryOperations } from "./query-operations.ts";

const NOW = Date.UTC(2026, 2, 2, 9);
const SECONDS = NOW / 1000;
const groupArn = (name: string) =>
  `arn:aws:logs:${ACCOUNT.region}:${ACCOUNT.accountId}:log-group:${name}`;
const SAVED = {
  id: "1",
  name: "app/errors",
  queryString: "fields code",
  logGroupNames: ["first"],
};

function start() {
  const clock = manualClock(NOW);
  const store = createLogStore({
    clock,
    logGroups: ["first", "second"].map((name) => ({ name, arn: groupArn(name) })),
    journal: memoryJournal<LogsEntry>(),
  });
  const operations = queryOperations({
    store,
    account: ACCOUNT,
    savedQueries: [SAVED],
    now: clock.now,
  });
  const put = (group: string, timestamp: number, message: object) => {
    if (!store.groups.get(group)?.streams.has("s")) store.createStream(group, "s");
    store.append(group, "s", [{ timestamp, message: JSON.stringify(message) }]);
  };
  const call = (operation: string, input: object) =>
    operations[operation]?.(input, undefined as never) as Readonly<Record<string, unknown>>;
  const run = (input: object) => {
    const request = { startTime: SECONDS - 60, endTime: SECONDS + 60, ...input };
    return call("GetQueryResults", call("StartQuery", request));
  };
  return { put, call, run };
}

const errorOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof AwsError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "no error";
};

test("returns the values of each row as text, with a pointer to the event and statistics", () => {
  const { put, run } = start();
  put("first", NOW, { code: 5, ok: true });
  put("first", NOW + 1, { other: 1 });
  const result = run({ logGroupName: "first", queryString: "filter code = 5 | fields code, none" });
  expect(result).toMatchObject({
    status: "Complete",
    results: [
      [
        { field: "code", value: "5" },
        { field: "@ptr", value: expect.any(String) },
      ],
    ],
    statistics: { recordsMatched: 1, recordsScanned: 2, bytesScanned: expect.any(Number) },
  });
});

test("searches several log groups, by name or ARN, within the time range and the limit", () => {
  const { put, run } = start();
  put("first", NOW - 120_000, { code: "early" });
  put("first", NOW, { code: "one" });
  put("second", NOW + 60_999, { code: "two" });
  put("second", NOW + 61_000, { code: "late" });
  const queryString = "fields code | sort code asc";
  const codes = (result: Readonly<Record<string, unknown>>) =>
    (result.results as readonly (readonly { value: string }[])[]).map(([code]) => code?.value);
  expect(codes(run({ logGroupNames: ["first", "second"], queryString }))).toEqual(["one", "two"]);
  expect(
    codes(run({ logGroupIdentifiers: [groupArn("second")], queryString, startTime: 0 })),
  ).toEqual(["two"]);
  expect(codes(run({ logGroupName: "first", queryString, startTime: 0, limit: 1 }))).toEqual([
    "early",
  ]);
});

test("lists the queries that ran, newest first, and the saved queries", () => {
  const { call, run } = start();
  run({ logGroupName: "first", queryString: "limit 1" });
  run({ logGroupName: "second", queryString: "limit 2" });
  const queries = (input: object) => call("DescribeQueries", input).queries as readonly object[];
  expect(queries({})).toMatchObject([{ queryString: "limit 2" }, { queryString: "limit 1" }]);
  expect(queries({ logGroupName: "first" })).toMatchObject([{ status: "Complete" }]);
  expect(queries({ status: "Running" })).toEqual([]);
  expect(call("DescribeQueryDefinitions", { queryDefinitionNamePrefix: "app/" })).toMatchObject({
    queryDefinitions: [{ name: "app/errors", queryString: "fields code" }],
  });
  expect(call("DescribeQueryDefinitions", { queryDefinitionNamePrefix: "x" })).toMatchObject({
    queryDefinitions: [],
  });
});

test.each([
  [{ queryString: "limit 1" }, /^InvalidParameterException: Exactly one of logGroupName/],
  [
    { logGroupName: "first", logGroupNames: ["second"], queryString: "limit 1" },
    /^InvalidParameterException: Exactly one/,
  ],
  [{ logGroupName: "none", queryString: "limit 1" }, /^ResourceNotFoundException/],
  [
    { logGroupName: "first", queryString: "limit 1", endTime: SECONDS - 61 },
    /^InvalidParameterException: .*end time/,
  ],
  [
    { logGroupName: "first", queryString: "limit 1", startTime: 0, endTime: 110 },
    /^MalformedQueryException: Query's end date and time is either before/,
  ],
  [{ logGroupName: "first", queryString: "limit" }, /^MalformedQueryException: unexpected symbol/],
  [{ logGroupName: "first" }, /^InvalidParameterException: .*'queryString'/],
  [
    { logGroupName: "first", queryString: "SELECT 1", queryLanguage: "SQL" },
    /^InvalidParameterException: .*\[CWLI\]/,
  ],
])("rejects %j", (input, message) => {
  expect(errorOf(() => start().run(input))).toMatch(message);
});

test("rejects an unknown query id, and the stop of a completed query", () => {
  const { call } = start();
  expect(errorOf(() => call("GetQueryResults", { queryId: "x" }))).toMatch(
    /^ResourceNotFoundException/,
  );
  const { queryId } = call("StartQuery", {
    logGroupName: "first",
    queryString: "limit 1",
    startTime: 0,
    endTime: SECONDS,
  });
  expect(errorOf(() => call("StopQuery", { queryId }))).toMatch(
    /^InvalidParameterException: The query is not in a running state/,
  );
});

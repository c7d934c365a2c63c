import { describe, expect, test } from "vitest";
import { parseQuery } from "./parse.ts";
import type { QueriedEvent } from "./query.ts";
import { runQuery } from "./run.ts";

const START = Date.UTC(2026, 2, 2, 9, 4);

/** Returns events a minute apart, oldest first. */
const eventsOf = (...messages: readonly unknown[]): readonly QueriedEvent[] =>
  messages.map((message, index) => ({
    message: typeof message === "string" ? message : JSON.stringify(message),
    timestamp: START + index * 60_000,
    ingestionTime: START,
    logStreamName: "stream",
    eventId: `event-${index}`,
    log: "111122223333:group",
  }));

const EVENTS = eventsOf(
  { name: "a", size: 5, who: { arn: "arn:x", keys: ["k0", "k1"] }, ok: true },
  { name: "b", size: 50, error: "AccessDenied", "dotted.name": "d" },
  { name: "b", size: 7, error: "Client.UnauthorizedOperation" },
  "no JSON: src 10.0.0.1 REJECT",
);

/** Runs a query. Returns each row as an object of the fields that have a value, without the pointer. */
function run(query: string, events = EVENTS): readonly Readonly<Record<string, unknown>>[] {
  return runQuery(parseQuery(query), events).rows.map((row) =>
    Object.fromEntries([...row].filter(([name, value]) => name !== "@ptr" && value !== undefined)),
  );
}

const namesFor = (condition: string) =>
  run(`filter ${condition} | fields name | sort name asc`).map(({ name }) => name ?? "-");

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Filter.html
describe("filter", () => {
  test.each<[string, readonly string[]]>([
    ['name = "b"', ["b", "b"]],
    ["name = 'a'", ["a"]],
    ['name != "b"', ["a"]],
    ["size > 6", ["b", "b"]],
    ["size >= 5 and size <= 7", ["a", "b"]],
    ["size < 6 or size = 50", ["a", "b"]],
    ['size = "50"', ["b"]],
    ['name in ["a", "c"]', ["a"]],
    ['name not in ["a", "c"]', ["b", "b"]],
    ["size in [5, 7]", ["a", "b"]],
    ['error like "Denied"', ["b"]],
    ["error like /^(Access|Client)/", ["b", "b"]],
    ["error like /(?i)accessdenied/", ["b"]],
    ["error =~ /denied/", []],
    ["error not like /^Access/", ["b"]],
    ["not error like /^Access/", ["b"]],
    ["ispresent(error)", ["b", "b"]],
    ["not ispresent(error)", ["-", "a"]],
    ['coalesce(error, "") != "AccessDenied"', ["-", "a", "b"]],
    ['error = "x" or name = "a"', ["a"]],
    ['not (error = "x" and name = "a")', ["b", "b"]],
    ['who.arn = "arn:x"', ["a"]],
    ['who.keys.1 = "k1"', ["a"]],
    ['`dotted.name` = "d"', ["b"]],
    ["ok = 'true'", ["a"]],
    ['@message like "REJECT"', ["-"]],
    ['toupper(name) = "A" or strlen(error) = 12', ["a", "b"]],
    ["constructor = 1", []],
  ])("keeps the events of %s", (condition, expected) => {
    expect(namesFor(condition)).toEqual(expected);
  });

  test("evaluates and before or, unless parentheses say otherwise", () => {
    expect(namesFor('name = "a" or name = "b" and size = 7')).toEqual(["a", "b"]);
    expect(namesFor('(name = "a" or name = "b") and size = 7')).toEqual(["b"]);
  });
});

describe("columns", () => {
  test("are the time and the message by default, newest event first", () => {
    expect(run("limit 1")).toEqual([
      { "@timestamp": "2026-03-02 09:07:00.000", "@message": "no JSON: src 10.0.0.1 REJECT" },
    ]);
  });

  test("are those of fields, with names from as, or of display", () => {
    const [, , second] = run("fields name as n, size | fields error");
    expect(second).toEqual({ n: "b", size: 50, error: "AccessDenied" });
    expect(run('fields name as n | filter n = "a" | display n, @logStream, @log')).toEqual([
      { n: "a", "@logStream": "stream", "@log": "111122223333:group" },
    ]);
  });

  test("contain the values that parse extracts", () => {
    expect(
      run(
        'parse @message "src * *" as source, rest | filter rest like /JECT/ | fields source, rest',
      ),
    ).toEqual([{ source: "10.0.0.1", rest: "REJECT" }]);
    expect(run('parse "no *: " as kind | filter ispresent(kind) | fields kind')).toEqual([
      { kind: "JSON" },
    ]);
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Stats.html
describe("stats", () => {
  test("aggregates all events, or those of each group", () => {
    expect(
      run("stats count() as all, count(error), sum(size), avg(size) as mean, max(size), min(size)"),
    ).toEqual([
      { all: 4, "count(error)": 2, "sum(size)": 62, mean: 62 / 3, "max(size)": 50, "min(size)": 5 },
    ]);
    expect(
      run(
        "filter ispresent(name) | stats count(*) as calls, sum(size) as bytes by name | sort calls desc",
      ),
    ).toEqual([
      { name: "b", calls: 2, bytes: 57 },
      { name: "a", calls: 1, bytes: 5 },
    ]);
  });

  test("returns the first and the last value by time", () => {
    expect(run('filter name = "b" | stats earliest(size) as first, latest(size) as last')).toEqual([
      { first: 50, last: 7 },
    ]);
    expect(run("stats count_distinct(name) as names")).toEqual([{ names: 2 }]);
  });

  test("groups by time", () => {
    expect(run("stats count() as events by bin(5m) as time | sort time desc")).toEqual([
      { time: "2026-03-02 09:05:00.000", events: 3 },
      { time: "2026-03-02 09:00:00.000", events: 1 },
    ]);
    expect(run("stats count() by bin(1h)")).toEqual([
      { "bin(1h)": "2026-03-02 09:00:00.000", "count()": 4 },
    ]);
  });

  test("keeps a group whose field is missing", () => {
    expect(run("stats count() as n by error | sort n desc | limit 1")).toEqual([{ n: 2 }]);
  });
});

test("sorts numbers by value, by several keys, with missing values last in descending order", () => {
  expect(run("fields size | sort size desc").map(({ size }) => size)).toEqual([
    50,
    7,
    5,
    undefined,
  ]);
  expect(run("fields name, size | sort name desc, size asc | limit 2")).toEqual([
    { name: "b", size: 7 },
    { name: "b", size: 50 },
  ]);
});

describe("rejects", () => {
  test.each([
    ["", "unexpected symbol found <EOF> at line 1 and position 0"],
    ["fields", "unexpected symbol found <EOF> at line 1 and position 6"],
    ["fields a | where b = 1", "unexpected symbol found where at line 1 and position 11"],
    ["filter a = ", "unexpected symbol found <EOF> at line 1 and position 11"],
    ["filter a == 1", "unexpected symbol found = at line 1 and position 10"],
    ["filter a like b", "unexpected symbol found b at line 1 and position 14"],
    ["filter a like /x/i", "unexpected symbol found i at line 1 and position 17"],
    ["filter a like /(/", "unexpected symbol found /(/ at line 1 and position 14"],
    ["filter a in []", "unexpected symbol found ] at line 1 and position 13"],
    ["fields a\n| filter b = 1 limit 5", "unexpected symbol found limit at line 2 and position 15"],
    ["sort bin(1d) extra", "unexpected symbol found extra at line 1 and position 13"],
    ["stats total(a)", "unexpected symbol found total at line 1 and position 6"],
    ["stats sum()", "unexpected symbol found ) at line 1 and position 10"],
    ["fields concat(a, b)", "unexpected symbol found concat at line 1 and position 7"],
    ["limit many", "unexpected symbol found many at line 1 and position 6"],
    ['parse "* *" as a', 'unexpected symbol found "* *" at line 1 and position 6'],
    ["fields a ; b", "unexpected symbol found ; at line 1 and position 9"],
  ])("%j as AWS does", (query, message) => {
    expect(() => parseQuery(query)).toThrow(
      expect.objectContaining({ code: "MalformedQueryException", message }),
    );
  });
});

test("ignores comments and the case of keywords", () => {
  expect(run('FILTER name = "a" # the first\n| FIELDS name AS n')).toEqual([{ n: "a" }]);
});

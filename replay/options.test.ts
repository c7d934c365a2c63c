import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { readOptions as readOptionsOf } from "./options.ts";

const ROLE = "arn:aws:iam::111122223333:role/team/service";
const KEY = "arn:aws:kms:ap-southeast-2:111122223333:key/1f6c8e0a-3b52-4d77-9a41-0c2e5d8b7f63";

const readOptions = (args: readonly string[]) => readOptionsOf(args, "npm run replay --");

describe("readOptions", () => {
  it("replays the detections with a thread per core, at most 64, by default", () => {
    expect(readOptions(["a.json", "b"])).toEqual({
      paths: ["a.json", "b"],
      patterns: [],
      thresholds: new Map(),
      exclusions: new Map(),
      sweep: false,
      json: false,
      failOn: [],
      allowUnread: [],
      plans: [],
      workers: Math.min(availableParallelism(), 64),
      athena: false,
      help: false,
    });
  });

  it("reads times in UTC by default", () => {
    const at = (text: string) => readOptions(["x", "--since", text]).since;
    expect(at("2026-06-01")).toBe(Date.UTC(2026, 5, 1));
    expect(at("2026-06-01T12:30")).toBe(Date.UTC(2026, 5, 1, 12, 30));
    expect(at("2026-06-01T12:30:15Z")).toBe(Date.UTC(2026, 5, 1, 12, 30, 15));
    expect(at("2026-06-01T12:30+10:00")).toBe(Date.UTC(2026, 5, 1, 2, 30));
  });

  it("accepts several patterns and thresholds", () => {
    const args = ["x", "--pattern", "{ $.a = 1 }", "--pattern", "{ $.b = 2 }"];
    expect(readOptions(args).patterns).toEqual(["{ $.a = 1 }", "{ $.b = 2 }"]);
    const { thresholds } = readOptions(["x", "--threshold", "a=3", "--threshold", "b=0.5"]);
    expect([...thresholds]).toEqual([
      ["a", 3],
      ["b", 0.5],
    ]);
  });

  it("accepts several exclusions for a detection", () => {
    const args = ["x", "--exclude", `a=${ROLE}`, "--exclude", "a=config.amazonaws.com"];
    expect([...readOptions(args).exclusions]).toEqual([["a", [ROLE, "config.amazonaws.com"]]]);
  });

  it("accepts a role and a key", () => {
    expect(readOptions(["x", "--role-arn", ROLE, "--key-arn", KEY])).toMatchObject({
      roleArn: ROLE,
      keyArn: KEY,
    });
  });

  it("requires no path for --help and --athena", () => {
    expect(readOptions(["--help"]).help).toBe(true);
    expect(readOptions(["--athena"]).athena).toBe(true);
    expect(readOptions(["--athena", "s3://bucket/AWSLogs/111122223333/"]).paths).toHaveLength(1);
  });

  it.each([
    [[], /^PATH is missing/],
    [
      ["x", "--treshold", "a=1"],
      /Unknown option "--treshold"\. Did you mean --threshold\?\nUsage: npm run replay -- /,
    ],
    [["x", "--since", "last week"], /--since must be a date such as [\s\S]*received "last week"/],
    [["x", "--since", "2026-06-01T99:00"], /--since must be a date/],
    [["x", "--until", "2026-02-30"], /--until must be a date.*received "2026-02-30"/],
    [["x", "--since", "2026-06-31T12:00+10:00"], /--since must be a date/],
    [["x", "--since", "2026-06-02", "--until", "2026-06-01"], /--since must be before --until/],
    [["x", "--threshold", "kms-errors"], /--threshold must be.*received "kms-errors"/],
    [["x", "--threshold", "kms-errors=many"], /kms-errors=many/],
    [["x", "--threshold", "=1"], /--threshold/],
    [["x", "--threshold", "kms-errors=0"], /a number above 0/],
    [["x", "--exclude", ROLE], /--exclude must be a detection id and a caller.*received "arn:aws/],
    [["x", "--exclude", "a=Admin"], /"Admin" is neither an AWS service nor the ARN of a role/],
    [["x", "--exclude", "a=arn:aws:iam::111122223333:role/*"], /is neither/],
    [["--athena", "--exclude", `a=${ROLE}`], /--exclude cannot be combined with --athena/],
    [["x", "--workers", "0"], /--workers must be an integer between 1 and 64; received "0"/],
    [["x", "--role-arn", "service"], /must be the ARN of an IAM role/],
    [
      ["x", "--role-arn", "arn:aws:sts::111122223333:assumed-role/service/task"],
      /Use arn:aws:iam::111122223333:role\/service,/,
    ],
    [
      ["x", "--key-arn", "arn:aws:kms:us-east-1:111122223333:alias/x"],
      /records name keys, not aliases/,
    ],
    [["x", "--role-arn", `${ROLE}" || $.a = "*`], /--role-arn/],
    [["--athena", "--fail-on", "alarm"], /--fail-on cannot be combined with --athena/],
    [["--keys", "a", "--role-arn", ROLE, "."], /--role-arn cannot be combined with --keys/],
    [["--plan", "a", "--keys", "a", "."], /--keys cannot be combined with --plan/],
    [["--plan", "-", "-"], /^Only one of --plan and PATH can be -, standard input\./],
    [["--athena", "folder"], /With --athena, PATH must be.*received "folder"/],
    [["--athena", "s3://bucket/AWSLogs/111122223333'; DROP"], /With --athena, PATH must be/],
  ] as const)("rejects %j", (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });
});

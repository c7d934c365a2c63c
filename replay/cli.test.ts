import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planFile } from "./testing/plan-fixtures.ts";
import { runReplay } from "./testing/run-replay.ts";

const ROLE = "arn:aws:iam::999988887777:role/service";
const PATTERN = '{ $.errorCode = "*" }';

let folder: string;
let file: string;
let broken: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cipherwatch-replay-"));
  file = join(folder, "events.json");
  broken = join(folder, "broken.json");
  const event = {
    eventVersion: "1.11",
    eventTime: "2026-03-02T09:14:27Z",
    eventSource: "kms.amazonaws.com",
    eventName: "Decrypt",
    eventID: "1",
    errorCode: "AccessDenied",
    userIdentity: { sessionContext: { sessionIssuer: { arn: ROLE } } },
  };
  const later = { ...event, eventID: "2", eventTime: "2026-03-02T10:00:00Z", errorCode: undefined };
  await writeFile(file, JSON.stringify({ Records: [event, later] }));
  await writeFile(broken, `{"Records":[${JSON.stringify(event)},{]}`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...args: readonly string[]) => runReplay(args);

describe("the exit code", () => {
  it("is 0, or 1 if an alarm fired and --fail-on alarm is given", async () => {
    const own = ["--pattern", PATTERN, file];
    expect(await run(...own)).toMatchObject({ code: 0, err: "" });
    expect(await run("--fail-on", "alarm", ...own)).toMatchObject({ code: 1, err: "" });
    expect(await run("--fail-on", "alarm", "--threshold", "pattern=2", ...own)).toMatchObject({
      code: 0,
    });
    expect(
      await run("--fail-on", "alarm", "--pattern", "{ $.eventName = Nothing }", file),
    ).toMatchObject({ code: 0 });
  });

  it("is 1 for --fail-on problem if an alarm of --plan has a problem", async () => {
    const plan = (shape: string) => ["--plan", planFile(shape), file];
    const { code, out } = await run("--fail-on", "problem", ...plan("mistakes"));
    expect(code).toBe(1);
    expect(out).toContain(
      "8 problems with the alarms:\n  average never fires: its filters publish 1,",
    );
    expect(await run(...plan("mistakes"))).toMatchObject({ code: 0 });
    expect(await run("--fail-on", "alarm,problem", ...plan("composite"))).toMatchObject({
      code: 0,
    });
  });

  it("is 2 if --fail-on alarm evaluated no event, so that no gate passes an empty archive", async () => {
    const outside = ["--pattern", PATTERN, "--since", "2027-01-01", file];
    expect(await run("--fail-on", "alarm", ...outside)).toMatchObject({
      code: 2,
      err: "--fail-on alarm: no alarm could fire, because no event was evaluated (2 events outside --since and --until). Check PATH, --since and --until.\n",
    });
    expect(await run(...outside)).toMatchObject({ code: 0, err: "" });
    expect(
      await run(
        "--fail-on",
        "problem",
        "--plan",
        planFile("composite"),
        "--since",
        "2027-01-01",
        file,
      ),
    ).toMatchObject({ code: 0, err: "" });
  });

  it("is 2 if a record cannot be read, even if an alarm fired", async () => {
    const { code, out } = await run("--fail-on", "alarm", "--pattern", PATTERN, broken);
    expect(code).toBe(2);
    expect(out).toContain(`${broken}, record 2: `);
  });

  it.each([
    [["--unknown"], /Unknown option "--unknown"\./],
    [["--pattern", PATTERN, "nowhere.json"], /nowhere\.json is not a file or folder/],
    [
      ["--pattern", PATTERN, "--pattern", "{ $.a == 1 }", "."],
      /^--pattern "\{ \$\.a == 1 \}": Invalid.*\n.*expected/,
    ],
    [
      ["--html", "no/such/report.html", "--pattern", PATTERN, "."],
      /the folder \S+no\/such does not exist/,
    ],
    [["--plan", "none.json", "."], /^Cannot read none\.json: ENOENT.*\. Allowed: the output of /],
    [["--plan", tmpdir(), "."], /^Cannot read \S+: EISDIR.*\. Allowed: the output of /],
    [
      ["s3://trail/AWSLogs"],
      /^s3:\S+ is in S3.*aws s3 sync s3:\/\/trail\/AWSLogs trail.* --athena/,
    ],
    [["--plan", "a", "--role-arn", ROLE, "."], /--role-arn cannot be combined with --plan/],
    [
      ["--fail-on", "alarms", "."],
      /--fail-on must be alarm, problem or both, .* received "alarms"/,
    ],
    [["--html", tmpdir(), "--pattern", PATTERN, "."], /--html must be a file; "\S+" is a folder/],
    [
      ["--pattern", PATTERN, "--threshold", "patern=1", "."],
      /unknown detection "patern"\. Did you mean pattern\?/,
    ],
    [
      ["--pattern", PATTERN, "--threshold", "kms=1", "."],
      /unknown detection "kms"\. Allowed: pattern\./,
    ],
  ])("is 2 for %j, with an error message and no stack trace", async (args, message) => {
    const { code, out, err } = await run(...args);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n {4}at /);
  });
});

it("binds the detections of the stacks to the role, and prints JSON", async () => {
  const page = join(folder, "report.html");
  const { code, out, err } = await run("--json", "--html", page, "--role-arn", ROLE, file);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const { detections, keyUse } = JSON.parse(out);
  const found = detections.find(({ id }: { readonly id: string }) => id === "kms-errors");
  expect(found).toMatchObject({
    unbound: [],
    matches: 1,
    alarms: [{ fired: [{ from: "2026-03-02T09:15:00.000Z" }] }],
  });
  expect(keyUse.roles).toEqual([{ arn: ROLE, count: 2 }]);
  expect(await readFile(page, "utf8")).toMatch(
    /^<!doctype html>[\s\S]*kms-errors[\s\S]*<\/html>\n$/,
  );
});

it("prints the report even if the page of --html cannot be written, and exits with 2", async () => {
  const page = join(folder, "link.html");
  await symlink(join(folder, "no", "such", "page.html"), page);
  const { code, out, err } = await run("--html", page, "--pattern", PATTERN, file);
  expect(code).toBe(2);
  expect(out).toMatch(/^1 file /);
  expect(err).toMatch(
    /^Cannot write --html "\S+\.html": ENOENT.* Choose a file in a writable folder\.\n$/,
  );
});

it("names the key of --key-arn if no event uses it", async () => {
  const keyArn = "arn:aws:kms:eu-west-1:999988887777:key/00000003-4b8f-4a63-92d7-e0f3a6b9c815";
  const { out } = await run("--role-arn", ROLE, "--key-arn", keyArn, file);
  expect(out).toContain(`\n  --key-arn: ${keyArn}\n`);
});

it("names the listed keys that no event uses, because a wrong ARN looks the same", async () => {
  const arn = (id: string) =>
    `arn:aws:kms:eu-west-1:999988887777:key/${id}-4b8f-4a63-92d7-e0f3a6b9c815`;
  const entry = (name: string, id: string) => ({ name, key: arn(id), roles: [ROLE] });
  const used = join(folder, "used.json");
  const record = {
    ...{ eventVersion: "1.11", eventTime: "2026-03-02T09:14:27Z", eventID: "1", userIdentity: {} },
    ...{
      eventSource: "kms.amazonaws.com",
      eventName: "Decrypt",
      resources: [{ ARN: arn("00000001") }],
    },
  };
  await writeFile(used, JSON.stringify({ Records: [record] }));
  const keys = JSON.stringify([entry("orders", "00000001"), entry("crm", "00000002")]);
  const { out } = await run("--keys", keys, used);
  expect(out).toMatch(
    /No Decrypt, error or unexpected use of these keys\. .+\n {2}crm: arn:aws:kms:\S+00000002\S+\n$/,
  );
  expect(JSON.parse((await run("--json", "--keys", keys, used)).out).unseenKeys).toEqual([
    { name: "crm", arn: arn("00000002") },
  ]);
});

it("rejects a role whose ARN makes a pattern too long for AWS", async () => {
  const role = `arn:aws:iam::999988887777:role/${"deep/".repeat(180)}service`;
  const { code, err } = await run("--role-arn", role, file);
  expect(code).toBe(2);
  expect(err).toMatch(
    /the filter pattern cipherwatch-dev-\S+ has 1\d\d\d characters; AWS allows at most 1024\./,
  );
});

it("prints Athena SQL for every detection, in the account of the role", async () => {
  const { code, out } = await run(
    "--athena",
    "--role-arn",
    ROLE,
    "s3://my-trail/AWSLogs/999988887777",
  );
  expect(code).toBe(0);
  expect(out).toContain("LOCATION 's3://my-trail/AWSLogs/999988887777/CloudTrail/'");
  expect(out).toContain(`= '${ROLE}'`);
  expect(out.match(/^WITH records AS/gm)?.length).toBeGreaterThan(8);
  expect(out).not.toContain("Not expressible");
});

it("prints Athena SQL for the filters of a plan, over the Regions that every account has", async () => {
  const plan = ["--plan", planFile("for-each")];
  const { code, out } = await run("--athena", ...plan, "s3://my-trail/AWSLogs/999988887777");
  expect(code).toBe(0);
  expect(out).toContain("'projection.region.values' = 'us-east-1,us-east-2,");
  expect(out.match(/^WITH records AS/gm)).toHaveLength(3);
  expect(await run("--athena", ...plan)).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^--athena needs the location .*ORGANIZATION\/ACCOUNT\.\n$/),
  });
});

it("prints only the report when run as a command, and sets the exit code", () => {
  const entry = fileURLToPath(new URL("cli.ts", import.meta.url));
  const args = [
    "--disable-warning=ExperimentalWarning",
    entry,
    "--fail-on",
    "alarm",
    "--pattern",
    PATTERN,
    file,
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
  expect(stdout).toMatch(
    /^1 file [\s\S]*pattern fired\n {2}2026-03-02 09:15:00 UTC for 3 min\n\npattern: who made the 1 match\n[\s\S]*\n$/,
  );
});

interface StateJson {
  readonly name: string;
  readonly fired: readonly { readonly from: string }[];
}

it("fires an alarm with metric math when the sum of two metrics reaches its threshold", async () => {
  const record = { eventVersion: "1.11", eventSource: "kms.amazonaws.com", userIdentity: {} };
  const calls = join(folder, "keys.json");
  const keysLost = async (...names: readonly string[]) => {
    const Records = names.map((eventName, index) => ({
      ...record,
      eventName,
      eventID: String(index),
      eventTime: `2026-03-02T09:1${index}:00Z`,
    }));
    await writeFile(calls, JSON.stringify({ Records }));
    const { out } = await run("--json", "--plan", planFile("metric-math"), calls);
    const { detections } = JSON.parse(out) as { detections: { alarms: StateJson[] }[] };
    const alarms = detections.flatMap((detection) => detection.alarms);
    return alarms.find(({ name }) => name === "keys-lost")?.fired;
  };
  expect(await keysLost("DisableKey")).toEqual([]);
  expect(await keysLost("DisableKey", "ScheduleKeyDeletion")).toMatchObject([
    { from: "2026-03-02T09:12:00.000Z" },
  ]);
});

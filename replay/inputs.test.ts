import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { customDetections } from "./detections/custom.ts";
import { replay } from "./run.ts";
import { zip } from "./testing/zip.ts";

const KMS = '{ $.eventSource = "kms.amazonaws.com" }';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cipherwatch-replay-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (paths: readonly string[], more: Partial<Parameters<typeof replay>[0]> = {}) =>
  replay({ paths, ...custom(KMS), thresholds: new Map(), workers: 1, ...more });
const custom = (...patterns: readonly string[]) => ({ detections: customDetections(patterns) });

async function write(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, content);
  return path;
}

const event = (more: object = {}) => ({
  eventVersion: "1.11",
  eventTime: "2026-03-02T09:14:27Z",
  eventSource: "kms.amazonaws.com",
  eventName: "Decrypt",
  ...more,
});
const envelope = (...events: readonly object[]) => JSON.stringify({ Records: events });

describe("unreadable input", () => {
  it("is counted and reported, and the rest is read", async () => {
    const good = JSON.stringify({ Records: [event(), event()] });
    await write("damaged/a-good.json", good);
    await write(
      "damaged/b-broken.json",
      `{"Records":[${JSON.stringify(event())},{"a":},${JSON.stringify(event())}]}`,
    );
    await write("damaged/c-cut.json.gz", gzipSync(good).subarray(0, 60));
    await write(
      "damaged/d-garbled.json.gz",
      Buffer.concat([gzipSync(good).subarray(0, 20), Buffer.alloc(50, 7)]),
    );
    await write(
      "damaged/e-lines.jsonl",
      `${JSON.stringify(event())}\nnonsense\n${JSON.stringify({ a: 1 })}\n`,
    );
    const path = join(folder, "damaged");
    const { input } = await run([path], custom(KMS));
    expect(input).toMatchObject({ files: 5, events: 5, malformed: 3, unreadable: 2 });
    expect(input.errors).toMatchObject([
      { file: join(path, "b-broken.json"), place: "record 2", why: "invalid JSON" },
      { file: join(path, "c-cut.json.gz"), why: expect.stringMatching(/truncated/) },
      { file: join(path, "d-garbled.json.gz"), why: expect.stringMatching(/corrupt/) },
      { file: join(path, "e-lines.jsonl"), place: "line 2" },
      {
        file: join(path, "e-lines.jsonl"),
        place: "line 3",
        why: expect.stringMatching(/eventTime/),
      },
    ]);
  });

  it("includes dangling links", async () => {
    await write("links/good.json", JSON.stringify({ Records: [event()] }));
    await symlink(join(folder, "missing"), join(folder, "links/lost.json"));
    const { input } = await run([join(folder, "links")], custom(KMS));
    expect(input).toMatchObject({ files: 1, unreadable: 1 });
    expect(input.errors).toMatchObject([
      { file: join(folder, "links/lost.json"), why: expect.stringMatching(/ENOENT/) },
    ]);
  });

  it("is reported with the first thousand errors, for any number of workers", async () => {
    const junk = `${JSON.stringify(event())}\n${"x\n".repeat(100)}`;
    for (let file = 0; file < 40; file++) await write(`junk/${file}.json`, junk);
    const one = await run([join(folder, "junk")], { ...custom(KMS), workers: 1 });
    expect(one.input).toMatchObject({ malformed: 4000, events: 40 });
    expect(one.input.errors).toHaveLength(1000);
    expect(await run([join(folder, "junk")], { ...custom(KMS), workers: 3 })).toEqual(one);
  });

  it("is reported without the contents of records", async () => {
    const path = await write("secret.json", '{"Records":[{"password":"hunter2",}]}');
    const { input } = await run([path], custom(KMS));
    expect(JSON.stringify(input)).not.toContain("hunter2");
  });
});

describe("paths", () => {
  it("may be files, folders and globs, and each file is read once", async () => {
    const text = JSON.stringify({ Records: [event()] });
    const a = await write("tree/x/a.json", text);
    await write("tree/x/y/b.json.gz", gzipSync(text));
    await write("tree/z/c.ndjson", JSON.stringify(event()));
    await symlink(join(folder, "tree/x"), join(folder, "tree/again"));
    const paths = [
      a,
      join(folder, "tree"),
      join(folder, "tree/*/*.json"),
      join(folder, "tree/x/../x"),
    ];
    const { input } = await run(paths, custom(KMS));
    expect(input).toMatchObject({ files: 3, events: 3 });
    expect((await run([join(folder, "tree/**/*.json*")], custom(KMS))).input.files).toBe(2);
  });

  it("skips digests and the logs of other services", async () => {
    const logs = "mixed/AWSLogs/111122223333";
    const text = JSON.stringify({ Records: [event()] });
    await write(
      `${logs}/CloudTrail/us-east-1/2026/03/02/111122223333_CloudTrail_us-east-1_20260302T0915Z_abc.json.gz`,
      gzipSync(text),
    );
    await write(
      `${logs}/Config/us-east-1/2026/3/2/ConfigHistory/111122223333_Config_us-east-1_ConfigHistory.json.gz`,
      gzipSync("{}"),
    );
    await write(`${logs}/vpcflowlogs/111122223333_vpcflowlogs_us-east-1_fl.log.gz`, gzipSync("x"));
    await write(
      `${logs}/CloudTrail-Digest/us-east-1/2026/03/02/111122223333_CloudTrail-Digest_us-east-1_trail_us-east-1_20260302T091500Z.json.gz`,
      gzipSync("{}"),
    );
    const { input } = await run([join(folder, "mixed")], custom(KMS));
    expect(input).toMatchObject({ files: 1, events: 1, digests: 1, others: 2, malformed: 0 });
    const globbed = await run([join(folder, "mixed/**/*_CloudTrail*.json.gz")], custom(KMS));
    expect(globbed.input).toMatchObject({ files: 1, events: 1, digests: 1, malformed: 0 });
  });

  it("detects compression by content, not by name", async () => {
    const path = await write("plain/file.json.gz", JSON.stringify({ Records: [event()] }));
    expect((await run([path], custom(KMS))).input.events).toBe(1);
  });

  it("must match at least one file", async () => {
    await expect(run([join(folder, "none")])).rejects.toThrow(/none is not a file or folder/);
    await expect(run([join(folder, "none-*.json")])).rejects.toThrow(/none-\*\.json/);
    await write("empty/readme.txt", "x");
    await expect(run([join(folder, "empty")])).rejects.toThrow(
      /No CloudTrail files found at .*empty/,
    );
  });
});

describe("a damaged archive", () => {
  const events = Array.from({ length: 2000 }, (_, index) =>
    event({ eventID: `id-${index}`, requestParameters: { n: Math.sin(index) } }),
  );

  it("is one error with the reason, regardless of its records", async () => {
    const compressed = gzipSync(envelope(...events));
    for (const position of [0.3, 0.6, 0.9]) {
      const damaged = Buffer.from(compressed);
      const at = Math.floor(damaged.length * position);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      const path = await write(`flipped/${position}.json.gz`, damaged);
      const { input } = await run([path]);
      expect(input).toMatchObject({ malformed: 0, unreadable: 1 });
      expect(input.errors).toEqual([
        {
          file: path,
          why: expect.stringMatching(/^corrupt compressed data \(.*copy the file again/),
        },
      ]);
    }
  });

  it("is one error if it is a zip archive", async () => {
    const whole = zip({ "a.json": envelope(...events), "b.json": envelope(event()) });
    const damaged = Buffer.from(whole);
    damaged[2000] = (damaged[2000] ?? 0) ^ 0x10;
    const inside = await write("zips/damaged.zip", damaged);
    const { input } = await run([inside]);
    expect(input).toMatchObject({ files: 2, malformed: 0, unreadable: 1 });
    expect(input.errors).toMatchObject([
      { file: `${inside}/a.json`, why: expect.stringMatching(/^corrupt/) },
    ]);
    const cut = await write("zips/cut.zip", whole.subarray(0, -10));
    expect((await run([cut])).input.errors).toEqual([
      { file: cut, why: "truncated or corrupt zip archive; copy the file again" },
    ]);
    const encrypted = await write("zips/encrypted.zip", zip({ "a.json": "{}" }, 1));
    expect((await run([encrypted])).input.errors).toMatchObject([
      { file: `${encrypted}/a.json`, why: "encrypted; decrypt the archive first" },
    ]);
  });
});

describe("other sources", () => {
  it("may be a zip archive of log files", async () => {
    const trail = "AWSLogs/o-a1b2c3/111122223333";
    const path = await write(
      "archives/trail.zip",
      zip({
        [`${trail}/CloudTrail/us-east-1/2026/03/02/111122223333_CloudTrail_us-east-1_a.json.gz`]:
          gzipSync(envelope(event(), event())),
        [`${trail}/CloudTrail-Digest/111122223333_CloudTrail-Digest_us-east-1_b.json.gz`]: "",
        "notes.txt": "x",
        "more.json": envelope(...Array.from({ length: 500 }, () => event())),
      }),
    );
    for (const source of [path, join(folder, "archives")]) {
      const { input } = await run([source]);
      expect(input).toMatchObject({
        files: 2,
        events: 502,
        digests: 1,
        others: 1,
        malformed: 0,
        unreadable: 0,
      });
    }
  });

  it("may be the trail of an organization", async () => {
    for (const account of ["111122223333", "444455556666"]) {
      await write(
        `org/AWSLogs/o-a1b2c3/${account}/CloudTrail/us-east-1/2026/03/02/${account}_CloudTrail_us-east-1_a.json.gz`,
        gzipSync(envelope(event({ recipientAccountId: account }))),
      );
    }
    expect((await run([join(folder, "org/AWSLogs")])).input).toMatchObject({
      files: 2,
      events: 2,
    });
  });

  it("may be results of CloudTrail Lake queries that select eventJson", async () => {
    const quoted = (record: object) => `"${JSON.stringify(record).replaceAll('"', '""')}"`;
    const csv = [
      "eventID,eventJson",
      `"1",${quoted(event({ note: "a, b\nc" }))}`,
      `2,${quoted(event())}`,
    ];
    await write("lake/result_1.csv.gz", gzipSync(`${csv.join("\r\n")}\r\n`));
    await write("lake/result_sign.json", "{}");
    await write("lake/accounts.csv", "a,b");
    expect((await run([join(folder, "lake")])).input).toMatchObject({
      files: 1,
      events: 2,
      digests: 1,
      others: 1,
      malformed: 0,
    });
  });

  it.each([
    ["plain", (text: string) => Buffer.from(text), 0, /^1 file[^\n]* 2 events/],
    ["compressed", (text: string) => gzipSync(text), 0, /^1 file[^\n]* 2 events/],
    [
      "zipped",
      (text: string) => zip({ "a.json": text }),
      2,
      /standard input: a zip archive cannot be read from standard input; save it to a file/,
    ],
  ])("may be standard input, %s", (_, encode, code, output) => {
    const entry = fileURLToPath(new URL("cli.ts", import.meta.url));
    const { status, stdout } = spawnSync(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", entry, "--pattern", KMS, "-"],
      { input: encode(envelope(event(), event())), encoding: "utf8" },
    );
    expect(status).toBe(code);
    expect(stdout).toMatch(output);
  });
});

describe("a file that is not CloudTrail's is one error that names its format", () => {
  it.each([
    [
      "config.json",
      '{"configurationItems":[{"a":1}]}',
      /^not CloudTrail: AWS Config items\. Replay/,
    ],
    [
      "ocsf.json",
      '{"class_uid":6003,"metadata":{}}\n{"class_uid":6003,"metadata":{}}',
      /^not CloudTrail: OCSF events/,
    ],
    ["flow.json", "2 111122223333 eni-1 10.0.0.1\n2 111122223333 eni-1", /: VPC flow logs\./],
    [
      "event_history.csv",
      "Event name,Event time\nDecrypt,2026",
      /: CSV without the column eventJson/,
    ],
    [
      "lookup.json",
      '{"Events":[{"EventId":"1","EventName":"x"}]}',
      /without the member CloudTrailEvent/,
    ],
    ["other.json", '[{"password":"hunter2"}]', /^not CloudTrail: its records have no eventTime\./],
    ["text.json", "hello\nworld", /^not CloudTrail: it contains no JSON objects\./],
  ])("%s", async (name, text, why) => {
    const path = await write(`foreign/${name}`, text);
    const { input } = await run([path]);
    expect(input).toMatchObject({ events: 0, malformed: 0, unreadable: 1 });
    expect(input.errors).toEqual([{ file: path, why: expect.stringMatching(why) }]);
    expect(JSON.stringify(input)).not.toContain("hunter2");
  });
});

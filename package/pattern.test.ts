import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testPattern } from "./pattern.ts";

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cipherwatch-pattern-"));
  file = join(folder, "events.json");
  const event = {
    eventVersion: "1.11",
    eventTime: "2026-03-02T09:14:27Z",
    eventName: "Decrypt",
    userIdentity: { arn: "arn:aws:iam::111122223333:user/eve" },
  };
  const Records = [event, { ...event, errorCode: "AccessDenied" }, event];
  await writeFile(file, JSON.stringify({ Records }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("pattern", () => {
  it("explains clause by clause which events match", async () => {
    expect(await testPattern(['{ $.eventName = "Dec*" && $.errorCode = "*" }', file])).toEqual({
      code: 0,
      output: [
        "1 of 3 events match.",
        "✓ 2026-03-02T09:14:27Z  Decrypt  AccessDenied  arn:aws:iam::111122223333:user/eve",
        "    ✓ all of",
        '      ✓ $.eventName = "Dec*"    "Decrypt"',
        '      ✓ $.errorCode = "*"    "AccessDenied"',
        ...[0, 1].flatMap(() => [
          "✗ 2026-03-02T09:14:27Z  Decrypt  arn:aws:iam::111122223333:user/eve",
          "    ✗ all of",
          '      ✓ $.eventName = "Dec*"    "Decrypt"',
          '      ✗ $.errorCode = "*"    not in the record',
        ]),
      ].join("\n"),
    });
  });

  it("exits with 1 if no event matches", async () => {
    expect(await testPattern(["{ $.eventName = Encrypt }", file])).toMatchObject({ code: 1 });
  });

  it("marks the part that AWS rejects, and exits with 1", async () => {
    expect(await testPattern(["{ $.a == 1 }", file])).toEqual({
      code: 1,
      output: [
        "AWS rejects the pattern: Invalid metric filter pattern",
        "Character 8 begins '='; expected a value: text, a number or a %regex%.",
        "",
        "{ $.a == 1 }",
        "       ^",
      ].join("\n"),
    });
  });

  it("accepts a valid pattern without files, with a warning for what AWS does not document", async () => {
    const { code, output } = await testPattern(['{ $.eventName = "a*b" }']);
    expect(code).toBe(0);
    expect(output).toMatch(/^Warning: a\*b: AWS documents [\s\S]*\nAWS accepts the pattern\.$/);
  });

  it("exits with 2 if a file is not CloudTrail, and names it", async () => {
    const other = join(folder, "other.json");
    await writeFile(other, '{"a":1}');
    const { code, output } = await testPattern(["{ $.a = 1 }", other]);
    expect(code).toBe(2);
    expect(output).toContain(`${other}: not CloudTrail: `);
  });

  it("exits with 2 if a file cannot be opened, and names it", async () => {
    const links = join(folder, "links");
    const lost = join(links, "lost.json");
    await mkdir(links);
    await symlink(file, join(links, "events.json"));
    await symlink(join(folder, "missing"), lost);
    const { code, output } = await testPattern(["{ $.eventName = Decrypt }", links]);
    expect(code).toBe(2);
    expect(output).toContain(`${lost}: ENOENT`);
    expect(output).toContain("3 of 3 events match.");
  });

  it("rejects a folder without CloudTrail files", async () => {
    const other = join(folder, "other");
    await mkdir(other);
    await writeFile(join(other, "notes.txt"), "notes");
    await expect(testPattern(["{ $.a = 1 }", other])).rejects.toThrow(
      /^No CloudTrail files found at \S+other\. Skipped by name: 0 digests and 1 other files\./,
    );
  });

  it("rejects a missing pattern with the help text", async () => {
    await expect(testPattern([])).rejects.toThrow(
      /^PATTERN is missing: pass a filter pattern in quotes\.\n\nnpx --no -- cipherwatch/,
    );
  });
});

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeOciArchive } from "../testing/oci-archive.ts";
import { makeRunner, type Runner } from "../testing/runner.ts";
import { archiveDigest } from "./oci-archive.ts";

let runner: Runner;
let archive: string;
beforeEach(() => {
  runner = makeRunner();
  archive = join(runner.folder, "image.tar");
});
afterEach(() => {
  runner.remove();
});

test("the digest is that of what the archive holds", () => {
  const digest = writeOciArchive(archive, "one");
  expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(archiveDigest(archive)).toBe(digest);
  expect(writeOciArchive(join(runner.folder, "other.tar"), "two")).not.toBe(digest);
});

test("an archive that names another digest than it has is refused", () => {
  const named = `sha256:${"1".repeat(64)}`;
  writeOciArchive(archive, "one", { name: named });
  expect(() => archiveDigest(archive)).toThrow(new RegExp(`names ${named}, but what it holds`));
});

test("an archive of several images is refused", () => {
  writeOciArchive(archive, "one", { images: 2 });
  expect(() => archiveDigest(archive)).toThrow(/must hold one image/);
});

test("what is no archive is refused", () => {
  writeFileSync(archive, "not a tar");
  expect(() => archiveDigest(archive)).toThrow(/no OCI archive/);
});

test("the step fails for another image than is expected, and sets no output", async () => {
  const digest = writeOciArchive(archive, "one");
  const step = (EXPECTED_DIGEST: string) =>
    runner.run("image-digest.ts", { ARCHIVE: archive, EXPECTED_DIGEST });
  expect(await step(digest)).toMatchObject({ code: 0, outputs: { digest } });
  const other = await step(`sha256:${"1".repeat(64)}`);
  expect(other).toMatchObject({ code: 1, outputs: {} });
  expect(other.log).toMatch(/Nothing of it is used/);
});

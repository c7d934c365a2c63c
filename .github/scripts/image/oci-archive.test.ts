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

test("computes the digest from the content of the archive", () => {
  const digest = writeOciArchive(archive, "one");
  expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(archiveDigest(archive)).toBe(digest);
  expect(writeOciArchive(join(runner.folder, "other.tar"), "two")).not.toBe(digest);
});

test("rejects an archive that states a wrong digest", () => {
  const named = `sha256:${"1".repeat(64)}`;
  writeOciArchive(archive, "one", { name: named });
  expect(() => archiveDigest(archive)).toThrow(
    new RegExp(`states the digest ${named}, but the content has`),
  );
});

test("rejects an archive with several images", () => {
  writeOciArchive(archive, "one", { images: 2 });
  expect(() => archiveDigest(archive)).toThrow(/must contain exactly one image/);
});

test("rejects a file that is not an archive", () => {
  writeFileSync(archive, "not a tar");
  expect(() => archiveDigest(archive)).toThrow(/is not an OCI archive/);
});

test("fails without outputs if the digest differs from the expected one", async () => {
  const digest = writeOciArchive(archive, "one");
  const step = (EXPECTED_DIGEST: string) =>
    runner.run("image-digest.ts", { ARCHIVE: archive, EXPECTED_DIGEST });
  expect(await step(digest)).toMatchObject({ code: 0, outputs: { digest } });
  const other = await step(`sha256:${"1".repeat(64)}`);
  expect(other).toMatchObject({ code: 1, outputs: {} });
  expect(other.log).toMatch(/The image is not used/);
});

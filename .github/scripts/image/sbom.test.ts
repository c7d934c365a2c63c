import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ArchiveOptions, writeOciArchive } from "../testing/oci-archive.ts";
import { makeRunner, type Runner } from "../testing/runner.ts";
import { verifySbom } from "./sbom.ts";

let runner: Runner;
beforeEach(() => {
  runner = makeRunner();
});
afterEach(() => {
  runner.remove();
});

function verify(sbom: ArchiveOptions["sbom"]): number {
  const archive = join(runner.folder, "image.tar");
  return verifySbom(archive, writeOciArchive(archive, "one", sbom === undefined ? {} : { sbom }));
}

test("counts the packages of an SBOM about the image", () => {
  expect(verify({ packages: [{ name: "node" }, { name: "libc6" }] })).toBe(2);
});

test("rejects an image without an SBOM", () => {
  expect(() => verify("none")).toThrow(/has no SBOM, which the build adds with --sbom=true/);
});

test("rejects an SBOM without packages", () => {
  expect(() => verify({ packages: [] })).toThrow(/is invalid:.*predicate\.packages/s);
});

test("rejects an SBOM about another image", () => {
  expect(() => verify({ subject: `sha256:${"1".repeat(64)}` })).toThrow(/about another image/);
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readStacks, withReducedManifest } from "./manifest.ts";

const stack = (name: string, dependencies: string[]) => ({
  name,
  dependencies,
  workingDirectory: `stacks/${name}`,
});

/** The manifest of stacks in alphabetical order, as CDKTF writes it. */
const manifest = {
  version: "0.21.0",
  stacks: {
    alarm: stack("alarm", ["trail", "kms"]),
    bootstrap: stack("bootstrap", []),
    database: stack("database", ["bootstrap", "network"]),
    kms: stack("kms", []),
    network: stack("network", ["bootstrap"]),
    service: stack("service", ["bootstrap", "database", "kms", "network"]),
    trail: stack("trail", ["bootstrap"]),
  },
};

const folder = mkdtempSync(join(tmpdir(), "cipherwatch-manifest-"));
const file = join(folder, "manifest.json");
const written = JSON.stringify(manifest, undefined, 2);
writeFileSync(file, written);
afterAll(() => rmSync(folder, { recursive: true }));

/** Returns the manifest during a command for some of the stacks. */
const seenFor = (...selected: readonly string[]) =>
  withReducedManifest(
    selected,
    folder,
    async (): Promise<typeof manifest> => JSON.parse(readFileSync(file, "utf8")),
  );

const dependenciesIn = ({ stacks }: typeof manifest) =>
  Object.entries(stacks)
    .filter(([, { dependencies }]) => dependencies.length > 0)
    .map(([name, { dependencies }]) => [name, ...dependencies]);

test("lists each stack after its dependencies", () => {
  const stacks = readStacks(folder);
  const order = stacks.map(({ name }) => name);
  expect(order.toSorted()).toEqual(Object.keys(manifest.stacks));
  for (const [index, { name, folder: stackFolder, dependencies }] of stacks.entries()) {
    expect(order.slice(0, index)).toEqual(expect.arrayContaining([...dependencies]));
    expect(stackFolder).toBe(join(folder, "stacks", name));
  }
});

test("keeps the dependencies among the selected stacks, and no others", async () => {
  expect(dependenciesIn(await seenFor("network", "database", "service"))).toEqual([
    ["database", "network"],
    ["service", "database", "network"],
  ]);
  expect(dependenciesIn(await seenFor("service"))).toEqual([]);
});

test("removes dependencies on a selected stack, so that it can be destroyed alone", async () => {
  expect(dependenciesIn(await seenFor("kms"))).toEqual([]);
});

test("changes nothing else in the manifest", async () => {
  expect(await seenFor(...Object.keys(manifest.stacks))).toEqual(manifest);
  const seen = await seenFor("kms");
  expect(seen.version).toBe("0.21.0");
  expect(Object.keys(seen.stacks)).toEqual(Object.keys(manifest.stacks));
});

test("restores the manifest even if the command fails", async () => {
  const failing = withReducedManifest(["kms"], folder, () => Promise.reject(new Error("failed")));
  await expect(failing).rejects.toThrow("failed");
  expect(readFileSync(file, "utf8")).toBe(written);
});

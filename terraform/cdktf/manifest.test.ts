import { expect, test } from "vitest";
import { inOrder, manifestOf } from "./manifest.ts";

const stack = (name: string, dependencies: string[]) => ({
  name,
  dependencies,
  workingDirectory: `stacks/${name}`,
});

/** As CDKTF writes it: in the order of the alphabet. */
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

function dependenciesOf(meant: readonly string[]) {
  const { stacks } = manifestOf(manifest, meant);
  return Object.entries(stacks)
    .filter(([, { dependencies }]) => dependencies.length > 0)
    .map(([name, { dependencies }]) => [name, ...dependencies]);
}

test("each stack comes after those that it reads", () => {
  const order = inOrder(manifest);
  expect(order.toSorted()).toEqual(Object.keys(manifest.stacks));
  for (const [name, { dependencies }] of Object.entries(manifest.stacks)) {
    const before = order.slice(0, order.indexOf(name));
    expect(before).toEqual(expect.arrayContaining(dependencies));
  }
});

test("stacks that are meant wait for each other, and for no others", () => {
  expect(dependenciesOf(["network", "database", "service"])).toEqual([
    ["database", "network"],
    ["service", "database", "network"],
  ]);
  expect(dependenciesOf(["service"])).toEqual([]);
});

test("nothing that is meant has others waiting for it: it can be destroyed by itself", () => {
  expect(dependenciesOf(["kms"])).toEqual([]);
});

test("all else of the manifest stays as it is", () => {
  expect(manifestOf(manifest, Object.keys(manifest.stacks))).toEqual(manifest);
  expect(manifestOf(manifest, ["kms"])).toMatchObject({ version: "0.21.0" });
  expect(Object.keys(manifestOf(manifest, ["kms"]).stacks)).toEqual(Object.keys(manifest.stacks));
});

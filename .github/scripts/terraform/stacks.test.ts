import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeRunner, type Runner } from "../testing/runner.ts";
import { readStacks } from "./stacks.ts";

let runner: Runner;
beforeEach(() => {
  runner = makeRunner();
});
afterEach(() => {
  runner.remove();
});

const stack = (name: string, ...dependencies: string[]) => ({
  name,
  workingDirectory: `stacks/${name}`,
  dependencies,
});

test("orders stacks after their dependencies, without bootstrap", () => {
  const stacks = {
    alarm: stack("alarm", "trail", "bootstrap"),
    bootstrap: stack("bootstrap"),
    database: stack("database", "network"),
    network: stack("network"),
    service: stack("service", "database", "network"),
    trail: stack("trail"),
  };
  runner.write("out/manifest.json", JSON.stringify({ version: "0.21.0", stacks }));
  const out = join(runner.folder, "out");
  const order = readStacks(out);
  expect(order.map(({ name }) => name)).toEqual([
    "trail",
    "alarm",
    "network",
    "database",
    "service",
  ]);
  expect(order[0]?.folder).toBe(join(out, "stacks/trail"));
});

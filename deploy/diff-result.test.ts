import { expect, test } from "vitest";
import { diffResultOf, missingDependenciesHint, summaryOf } from "./diff-result.ts";

const kms = { name: "kms", dependencies: [] };
const database = { name: "database", dependencies: ["network", "kms"] };

test("reads the counts of a plan, with or without colors", () => {
  const output = "kms  \u001b[1mPlan:\u001b[0m 2 to add, 0 to change, 1 to destroy.\n";
  expect(diffResultOf(kms, 0, output)).toEqual({
    stack: "kms",
    planned: true,
    summary: "2 to add, 0 to change, 1 to destroy",
  });
});

test("distinguishes an empty plan from a plan that only changes outputs", () => {
  const empty = "kms  No changes. Your infrastructure matches the configuration.\n";
  expect(diffResultOf(kms, 0, empty).summary).toBe("no changes");
  expect(diffResultOf(kms, 0, "Changes to Outputs:\n").summary).toBe("only outputs change");
});

const noState = (stack: string) =>
  `│ Error: Unable to find remote state\n│ \n│   with data.terraform_remote_state.cross-stack-reference-input-${stack},`;

test("names the stacks whose state a stack reads and that are not deployed yet", () => {
  const reading = "data.terraform_remote_state.cross-stack-reference-input-kms: Reading...\n";
  const { planned, summary } = diffResultOf(database, 1, reading + noState("network"));
  expect(planned).toBe(false);
  expect(summary).toBe("cannot be planned yet: needs outputs of network; deploy it first");
});

test("names all dependencies if the error names none, except those without changes", () => {
  const error = "│ Error: Unable to find remote state\n";
  expect(diffResultOf(database, 1, error).summary).toMatch(/needs outputs of network, kms;/);
  const earlier = [{ stack: "kms", planned: true, summary: "no changes" }];
  expect(diffResultOf(database, 1, error, earlier).summary).toMatch(/needs outputs of network;/);
});

test("reports any other failure with its exit code", () => {
  expect(diffResultOf(database, 1, "Error: no valid credential sources found")).toEqual({
    stack: "database",
    planned: false,
    summary: "failed with exit code 1, see above",
  });
});

test("summarizes with a line for each stack", () => {
  const results = [
    { stack: "network", planned: true, summary: "no changes" },
    { stack: "kms", planned: true, summary: "1 to add" },
  ];
  expect(summaryOf(results)).toBe("network  no changes\nkms      1 to add");
});

test("suggests deploying dependencies that were not deployed together with a stack", () => {
  const stack = (name: string, ...dependencies: string[]) => ({ name, folder: name, dependencies });
  const [bootstrap, network] = [stack("bootstrap"), stack("network")];
  const reader = stack("database", "network", "bootstrap");
  expect(missingDependenciesHint([reader])).toMatch(
    /database can only be deployed after network, bootstrap\. .*npm run deploy -- network bootstrap$/,
  );
  expect(missingDependenciesHint([network])).toBeUndefined();
  expect(missingDependenciesHint([bootstrap, network, reader])).toBeUndefined();
});

import { expect, test } from "vitest";
import { missingBefore, outcomeOf, summaryOf } from "./outcome.ts";

test("a plan is told by its counts, whatever its colors", () => {
  const printed = "kms  \u001b[1mPlan:\u001b[0m 2 to add, 0 to change, 1 to destroy.\n";
  expect(outcomeOf("kms", 0, printed, [])).toEqual({
    stack: "kms",
    planned: true,
    result: "2 to add, 0 to change, 1 to destroy",
  });
});

test("an empty plan and one of outputs alone are told apart", () => {
  const empty = "kms  No changes. Your infrastructure matches the configuration.\n";
  expect(outcomeOf("kms", 0, empty, []).result).toBe("no changes");
  expect(outcomeOf("kms", 0, "Changes to Outputs:\n", []).result).toBe("outputs alone change");
});

test("a stack that reads a state that is not there yet says whose", () => {
  const printed =
    "│ Error: Unable to find remote state\n│ \n│   with data.terraform_remote_state.x";
  const { planned, result } = outcomeOf("database", 1, printed, ["network", "kms"]);
  expect(planned).toBe(false);
  expect(result).toMatch(/not to be planned yet: it reads what network, kms will say/);
});

test("another failure is told as one", () => {
  expect(outcomeOf("kms", 1, "Error: no valid credential sources found", ["network"])).toEqual({
    stack: "kms",
    planned: false,
    result: "failed with 1, see above",
  });
});

test("the summary has a line a stack", () => {
  const outcomes = [
    { stack: "network", planned: true, result: "no changes" },
    { stack: "kms", planned: true, result: "1 to add" },
  ];
  expect(summaryOf(outcomes)).toBe("network  no changes\nkms      1 to add");
});

test("a stack deployed by itself says what has to be there before it", () => {
  const manifest = {
    stacks: {
      bootstrap: { dependencies: [], workingDirectory: "stacks/bootstrap" },
      network: { dependencies: [], workingDirectory: "stacks/network" },
      database: { dependencies: ["network", "bootstrap"], workingDirectory: "stacks/database" },
    },
  };
  expect(missingBefore(["database"], manifest)).toMatch(
    /database cannot be deployed before network, bootstrap\. .*npm run deploy -- network bootstrap$/,
  );
  expect(missingBefore(["network"], manifest)).toBeUndefined();
  expect(missingBefore(["bootstrap", "network", "database"], manifest)).toBeUndefined();
});

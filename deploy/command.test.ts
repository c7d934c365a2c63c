import { describe, expect, test } from "vitest";
import { commandFrom, UsageError } from "./command.ts";

const KNOWN = ["bootstrap", "network", "kms", "alarm"];

test("all stacks but bootstrap are meant, in the order in which they are deployed", () => {
  expect(commandFrom(["deploy", "--auto-approve"], KNOWN)).toEqual({
    verb: "deploy",
    stacks: ["network", "kms", "alarm"],
    options: ["--auto-approve"],
  });
});

test("named ones are meant alone, bootstrap among them, in that order", () => {
  expect(commandFrom(["diff", "kms", "--no-color", "bootstrap"], KNOWN)).toEqual({
    verb: "diff",
    stacks: ["bootstrap", "kms"],
    options: ["--no-color"],
  });
});

describe("errors", () => {
  const message = (args: readonly string[]) => {
    try {
      commandFrom(args, KNOWN);
    } catch (error) {
      if (error instanceof UsageError) return error.message;
    }
    return expect.unreachable();
  };

  test("an unknown command names the known ones", () => {
    expect(message(["apply"])).toBe(
      'There is no command "apply"; there are deploy, diff, destroy.',
    );
  });

  test("an unknown stack names the known ones and the nearest", () => {
    expect(message(["deploy", "netwerk"])).toMatch(
      /no stack "netwerk"; there are bootstrap, network, kms, alarm\. Did you mean network\?/,
    );
  });

  test("the service that settings leave out says which setting", () => {
    expect(message(["deploy", "service"])).toMatch(/CIPHERWATCH_IMAGE_DIGEST/);
  });
});

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { parseCommand, selectedStacks, UsageError } from "./command.ts";

const STACKS = ["bootstrap", "network", "kms", "alarm"].map((name) => ({
  name,
  folder: name,
  dependencies: [],
}));
const select = (...args: readonly string[]) =>
  selectedStacks(parseCommand(args), STACKS).map(({ name }) => name);
const messageOf = (...args: readonly string[]) => {
  try {
    select(...args);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
  }
  return expect.unreachable();
};

test("selects all stacks except bootstrap, in the order in which they are deployed", () => {
  expect(select("deploy", "--auto-approve")).toEqual(["network", "kms", "alarm"]);
});

test("selects only the named stacks, in the order in which they are deployed", () => {
  expect(select("diff", "kms", "--no-color", "bootstrap")).toEqual(["bootstrap", "kms"]);
});

test("passes options on to the CLI, wherever they are among the arguments", () => {
  expect(parseCommand(["deploy", "--parallelism=2", "kms", "--var=a=b"])).toEqual({
    verb: "deploy",
    stackNames: ["kms"],
    isWatch: false,
    options: ["--parallelism=2", "--var=a=b"],
    help: false,
  });
});

test("selects the stacks that monitor other keys, all of them or by name", () => {
  expect(parseCommand(["diff", "watch"])).toMatchObject({ isWatch: true, stackNames: [] });
  expect(parseCommand(["deploy", "watch-alarm"])).toMatchObject({
    isWatch: true,
    stackNames: ["watch-alarm"],
  });
  expect(parseCommand(["deploy", "watch", "watch-alarm"]).stackNames).toEqual(["watch-alarm"]);
  expect(parseCommand(["deploy"]).isWatch).toBe(false);
});

/** Options that this command sets, or whose text it prints itself. */
const NOT_ACCEPTED = [
  "--app",
  "--help",
  "--ignore-missing-stack-dependencies",
  "--output",
  "--skip-synth",
  "--version",
];

test.concurrent.each(["deploy", "diff", "destroy"])(
  "accepts the options of `cdktf %s`",
  async (verb) => {
    const program = fileURLToPath(new URL("../node_modules/.bin/cdktf", import.meta.url));
    const { stdout: help } = await promisify(execFile)(process.execPath, [program, verb, "--help"]);
    const options = [...help.matchAll(/^ +(?:-\w, )?(--[\w-]+)/gm)].map(([, option]) => option);
    const accepted = [...messageOf(verb, "--nonsense").matchAll(/--[\w-]+(?=,)/g)].map(
      ([option]) => option,
    );
    expect([...accepted, ...NOT_ACCEPTED]).toEqual(expect.arrayContaining(options));
    expect(options).toEqual(expect.arrayContaining(accepted));
  },
);

describe("errors", () => {
  test("lists the known commands for an unknown one", () => {
    expect(messageOf("apply")).toBe('Unknown command "apply". Use one of deploy, diff, destroy.');
  });

  test("suggests the nearest option for an unknown one, which CDKTF would ignore", () => {
    expect(messageOf("deploy", "--refresh-onyl")).toMatch(
      /^deploy: Unknown option "--refresh-onyl"\. Did you mean --refresh-only\?\nAllowed are /,
    );
    expect(messageOf("deploy", "-auto-approve")).toMatch(/Did you mean --auto-approve\?\n/);
    expect(messageOf("diff", "--auto-approve")).toMatch(/^diff: Unknown option "--auto-approve"\./);
  });

  test("suggests the nearest stack for an unknown one, and lists all stacks", () => {
    expect(messageOf("deploy", "netwerk")).toMatch(
      /^Unknown stack "netwerk"\. Did you mean network\? The stacks are bootstrap, network, kms, alarm\.$/,
    );
  });

  test("explains how to pass the value of an option, which would otherwise be the name of a stack", () => {
    expect(messageOf("deploy", "--parallelism", "2")).toMatch(
      /^Unknown stack "2"\. The .*\nIf it is the value .* an equals sign: --parallelism=2\.$/,
    );
  });

  test("names the setting that leaves out the service stack", () => {
    expect(messageOf("deploy", "service")).toMatch(/CIPHERWATCH_IMAGE_DIGEST/);
  });
});

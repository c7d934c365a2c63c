import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { commandFrom, stacksMeant, UsageError } from "./command.ts";

const KNOWN = ["bootstrap", "network", "kms", "alarm"];
const meant = (...args: readonly string[]) => stacksMeant(commandFrom(args), KNOWN);
const message = (...args: readonly string[]) => {
  try {
    meant(...args);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
  }
  return expect.unreachable();
};

test("all stacks but bootstrap are meant, in the order in which they are deployed", () => {
  expect(meant("deploy", "--auto-approve")).toEqual(["network", "kms", "alarm"]);
});

test("named ones are meant alone, bootstrap among them, in that order", () => {
  expect(meant("diff", "kms", "--no-color", "bootstrap")).toEqual(["bootstrap", "kms"]);
});

test("options are the CLI's, wherever they stand", () => {
  expect(commandFrom(["deploy", "--parallelism=2", "kms", "--var=a=b"])).toEqual({
    verb: "deploy",
    named: ["kms"],
    options: ["--parallelism=2", "--var=a=b"],
    help: false,
  });
});

/** We set these, or print our own. */
const NOT_TAKEN = [
  "--app",
  "--help",
  "--ignore-missing-stack-dependencies",
  "--output",
  "--skip-synth",
  "--version",
];

test.each(["deploy", "diff", "destroy"])("%s takes what CDKTF's does", (verb) => {
  const program = fileURLToPath(new URL("../node_modules/.bin/cdktf", import.meta.url));
  const help = execFileSync(process.execPath, [program, verb, "--help"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const options = [...help.matchAll(/^ +(?:-\w, )?(--[\w-]+)/gm)].map(([, option]) => option);
  const taken = [...message(verb, "--nonsense").matchAll(/--[\w-]+(?=,)/g)].map(
    ([option]) => option,
  );
  expect([...taken, ...NOT_TAKEN]).toEqual(expect.arrayContaining(options));
  expect(options).toEqual(expect.arrayContaining(taken));
});

describe("errors", () => {
  test("an unknown command names the known ones", () => {
    expect(message("apply")).toBe('There is no command "apply"; there are deploy, diff, destroy.');
  });

  test("an option that CDKTF would not notice is none, and the nearest is named", () => {
    expect(message("deploy", "--refresh-onyl")).toMatch(
      /^deploy: there is no option "--refresh-onyl"; did you mean --refresh-only\?\nThere are /,
    );
    expect(message("diff", "--auto-approve")).toMatch(/^diff: there is no option "--auto-approve"/);
  });

  test("an unknown stack names the known ones and the nearest", () => {
    expect(message("deploy", "netwerk")).toMatch(
      /no stack "netwerk"; there are bootstrap, network, kms, alarm\. Did you mean network\?/,
    );
  });

  test("the service that settings leave out says which setting", () => {
    expect(message("deploy", "service")).toMatch(/CIPHERWATCH_IMAGE_DIGEST/);
  });
});

import { expect, test } from "vitest";
import { parseOptions } from "./parse-options.ts";

const USAGE = `npm run example -- [options]

  --port N   a port`;

const parse = (...args: string[]) =>
  parseOptions({ args, options: { port: { type: "string" }, fresh: { type: "boolean" } } }, USAGE);

test.each([
  ["an unknown option", ["--prot", "1"], 'Unknown option "--prot". Did you mean --port?'],
  ["an option with one dash", ["-port=1"], 'Unknown option "-port". Did you mean --port?'],
  ["an unknown short option", ["-q"], 'Unknown option "-q".'],
  ["an option without its value", ["--port"], "--port needs a value."],
  [
    "a value that begins with a dash",
    ["--port", "-1"],
    "--port needs a value. Join a value that begins with a dash to it: --port=-1",
  ],
  [
    "an option in the place of a value",
    ["--port", "--fresh"],
    "--port needs a value; received the option --fresh.",
  ],
  ["a value of a switch", ["--fresh=1"], '--fresh takes no value; received "1".'],
  ["an argument", ["it's"], 'Unexpected argument "it\'s". Only options are allowed.'],
])("rejects %s with what is allowed and the usage", (_, args, reason) => {
  expect(() => parse(...args)).toThrow(
    `${reason}\nUsage: npm run example -- [options]\nFor every option, pass --help.`,
  );
});

test("accepts a value that is joined to its option, also one that begins with a dash", () => {
  expect(parse("--port=-1", "--fresh").values).toEqual({ port: "-1", fresh: true });
});

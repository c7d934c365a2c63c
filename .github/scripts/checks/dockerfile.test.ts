import { readFileSync } from "node:fs";
import { validate } from "dockerfile-utils";
import { expect, test } from "vitest";

const dockerfile = readFileSync(new URL("../../../service/Dockerfile", import.meta.url), "utf8");

test("the linter has nothing against the Dockerfile", () => {
  expect(
    validate(dockerfile).map(({ range, message }) => `${range.start.line + 1}: ${message}`),
  ).toEqual([]);
});

test("the linter does look", () => {
  expect(validate("FROM scratch\nCOPPY a b\n").map(({ message }) => message)).toEqual([
    expect.stringMatching(/COPPY/),
  ]);
});

import { expect, test } from "vitest";
import { Problem } from "./problem.ts";
import { InvalidToken } from "./token.ts";

test("what a caller causes is an Error without a stack trace, and other errors keep theirs", () => {
  for (const error of [new Problem("NotFound", "gone"), new InvalidToken("TYPE", "gone")]) {
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe("gone");
    expect(error.stack).not.toMatch(/^\s+at /m);
  }
  expect(new Error("gone").stack).toMatch(/^\s+at .*expected-error\.test\.ts/m);
});

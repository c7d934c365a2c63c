import { Lazy } from "cdktf";
import { afterEach, beforeEach, expect, test } from "vitest";
import { synthFast } from "./fast-synth.ts";

const { prepareStackTrace } = Error;
beforeEach(synthFast);
afterEach(() => {
  if (prepareStackTrace === undefined) Reflect.deleteProperty(Error, "prepareStackTrace");
  else Error.prepareStackTrace = prepareStackTrace;
});

test("a token says which line of ours made it", () => {
  const { creationStack } = Lazy.anyValue({ produce: () => "" }) as unknown as {
    readonly creationStack: readonly string[];
  };
  expect(creationStack).toEqual([expect.stringContaining("fast-synth.test.ts:")]);
});

test("an error keeps its message and its whole stack", () => {
  const { stack = "" } = new TypeError("of this kind");
  const [first, ...frames] = stack.split("\n");
  expect(first).toBe("TypeError: of this kind");
  expect(frames.length).toBeGreaterThan(1);
  expect(frames[0]).toMatch(/^ {4}at .*fast-synth\.test\.ts:\d+:\d+/);
});

import { afterEach, expect, test, vi } from "vitest";
import { annotate, StepError, step } from "./step.ts";

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

test("a refusal ends the step red, with its message alone as the annotation", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  await step(() => {
    throw new StepError("50 % of this\nis wrong");
  });
  expect(process.exitCode).toBe(1);
  expect(log.mock.calls).toEqual([["::error::50 %25 of this%0Ais wrong"]]);
});

test("a fault shows where it is", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  await step(async () => {
    throw new TypeError("undefined is no function");
  });
  expect(process.exitCode).toBe(1);
  expect(String(log.mock.calls[0])).toMatch(
    /TypeError: undefined is no function%0A.*step\.test\.ts/,
  );
});

test("text of others cannot start a command of the runner", () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  annotate("warning", "fine\r\n::add-mask::x");
  expect(log.mock.calls).toEqual([["::warning::fine%0D%0A::add-mask::x"]]);
});

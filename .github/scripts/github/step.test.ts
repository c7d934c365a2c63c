import { afterEach, expect, test, vi } from "vitest";
import { annotate, group, StepError, step } from "./step.ts";

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

test("annotates an expected error without a stack trace and exits with 1", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  await step(() => {
    throw new StepError("50 % of this\nis wrong");
  });
  expect(process.exitCode).toBe(1);
  expect(log.mock.calls).toEqual([["::error::50 %25 of this%0Ais wrong"]]);
});

test("annotates an unexpected error with its stack trace", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  await step(async () => {
    throw new TypeError("undefined is no function");
  });
  expect(process.exitCode).toBe(1);
  expect(String(log.mock.calls[0])).toMatch(
    /TypeError: undefined is no function%0A.*step\.test\.ts/,
  );
});

test("escapes line breaks, so text cannot start a workflow command", () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  annotate("warning", "fine\r\n::add-mask::x");
  expect(log.mock.calls).toEqual([["::warning::fine%0D%0A::add-mask::x"]]);
});

test("stops workflow commands within a group", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  await group("kms", async () => console.log("::add-mask::x"));
  const [start, text, end] = log.mock.calls.map(([line]) => String(line));
  const [, token] = /^::group::kms\n::stop-commands::([0-9a-f-]{36})$/.exec(start ?? "") ?? [];
  expect(token).toBeDefined();
  expect(text).toBe("::add-mask::x");
  expect(end).toBe(`::${token}::\n::endgroup::`);
});

import { expect, test } from "vitest";
import { createReadiness } from "./readiness.ts";

const fine = async () => {};

test("names the unavailable dependency and the reason", async () => {
  const failed = Object.assign(new Error("secret detail"), { reason: "DisabledException" });
  const readiness = createReadiness({
    checks: { Database: fine, Kms: () => Promise.reject(failed) },
    timeout: 60_000,
    age: 5_000,
    now: () => 0,
  });
  expect(await readiness()).toEqual({
    ready: false,
    checks: { Database: "ok", Kms: "unavailable" },
    reasons: ["DisabledException"],
  });
});

test("does not wait for a hanging dependency, and aborts the check", async () => {
  let stopped = false;
  const readiness = createReadiness({
    checks: {
      Database: (signal) =>
        new Promise(() => {
          signal.addEventListener("abort", () => {
            stopped = true;
          });
        }),
      Kms: fine,
    },
    timeout: 20,
    age: 5_000,
    now: () => 0,
  });
  expect(await readiness()).toMatchObject({ ready: false, reasons: ["Timeout"] });
  expect(stopped).toBe(true);
});

test("shares one check until the verdict expires", async () => {
  let asked = 0;
  let now = 0;
  const readiness = createReadiness({
    checks: {
      Database: fine,
      Kms: async () => {
        asked += 1;
      },
    },
    timeout: 60_000,
    age: 5_000,
    now: () => now,
  });
  await Promise.all([readiness(), readiness(), readiness()]);
  now = 4_999;
  await readiness();
  expect(asked).toBe(1);
  now = 5_000;
  await readiness();
  expect(asked).toBe(2);
});

test("runs one check at a time, even if no verdict is reused", async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  let asked = 0;
  const readiness = createReadiness({
    checks: {
      Database: fine,
      Kms: () => {
        asked += 1;
        return held;
      },
    },
    timeout: 60_000,
    age: 0,
    now: () => 0,
  });
  const verdicts = [readiness(), readiness(), readiness()];
  release();
  for (const { ready } of await Promise.all(verdicts)) expect(ready).toBe(true);
  expect(asked).toBe(1);
  await readiness();
  expect(asked).toBe(2);
});

import { describe, expect, test } from "vitest";
import { createCanary, runAtMultiples } from "./canary.ts";
import type { Key } from "./key.ts";
import { KmsUnavailable } from "./kms.ts";
import type { Logger } from "./telemetry.ts";
import type { Opened, Vault } from "./vault.ts";

type Line = readonly [level: "info" | "error", message: string | undefined, fields: object];

/** Runs the canary on a vault. Returns the Keys that it tried, and what it logged. */
async function run(open: () => Promise<Opened>) {
  const lines: Line[] = [];
  const keys: Key[] = [];
  const log = (level: "info" | "error") => (fields: object, message?: string) =>
    void lines.push([level, message, fields]);
  const logger = { info: log("info"), error: log("error") } as unknown as Logger;
  const vault: Pick<Vault, "open"> = {
    open: ({ key }) => {
      keys.push(key);
      return open();
    },
  };
  await createCanary({ vault, logger, timeout: 1_000 })();
  return { lines, keys };
}

describe("the canary", () => {
  test("tries a Key that no caller can have, and logs that KMS rejected it", async () => {
    const rejected = async (): Promise<Opened> => ({ status: "rejected", kmsRequestId: "r-1" });
    const { lines, keys } = await run(rejected);
    expect(lines).toEqual([["info", "canary", { kmsRequestId: "r-1" }]]);
    expect(keys).toMatchObject([{ id: "canary", secret: { length: 32 } }]);
    const [other] = (await run(rejected)).keys;
    expect(other?.secret).not.toEqual(keys[0]?.secret);
  });

  test("logs an error if KMS accepts its Key", async () => {
    const { lines } = await run(async () => ({
      status: "tampered",
      reason: "IncorrectKeyException",
      kmsRequestId: "r-2",
    }));
    expect(lines).toEqual([
      [
        "error",
        "KMS did not reject the canary's wrong Key",
        { status: "tampered", kmsRequestId: "r-2" },
      ],
    ]);
  });

  test("logs an error if KMS cannot be reached, and does not throw", async () => {
    const { lines } = await run(() =>
      Promise.reject(new KmsUnavailable("ECONNREFUSED", undefined)),
    );
    expect(lines).toMatchObject([
      ["error", "the canary did not reach KMS", { reason: "ECONNREFUSED" }],
    ]);
  });
});

test("runs at multiples of the interval, whenever the process starts", () => {
  let now = 1_000_123;
  const runs: number[] = [];
  const timers: { at: number; task: () => void }[] = [];
  const after = (milliseconds: number, task: () => void) =>
    void timers.push({ at: now + milliseconds, task });
  runAtMultiples(1_000, () => runs.push(now), { now: () => now, after });
  for (let count = 0; count < 3; count++) {
    const timer = timers.shift();
    now = timer?.at ?? Number.NaN;
    timer?.task();
  }
  expect(runs).toEqual([1_001_000, 1_002_000, 1_003_000]);
});

import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { awsError } from "../../service/testing/kms-endpoint.ts";
import {
  always,
  encryptUnderLoad,
  expectAllOpen,
  expectDesigned,
  expectOnly,
  expectRecovery,
  LONG,
  useTestbed,
} from "./testbed.ts";

const DEADLINE = 20_000;
const testbed = useTestbed({ REQUEST_TIMEOUT: String(DEADLINE), KMS_TIMEOUT: "5000" });
const milliseconds = LONG ? 30_000 : 4_000;

describe("a slow KMS", () => {
  const testbed = useTestbed({ REQUEST_TIMEOUT: "120000", KMS_TIMEOUT: "60000" });

  test("serves 128 callers at once while KMS takes 1.5 seconds", async () => {
    let received = 0;
    const all = Promise.withResolvers<void>();
    testbed().kms.override = async () => {
      received += 1;
      if (received === 128) all.resolve();
      // A client with fewer connections would wait here until its timeout.
      await all.promise;
      await delay(1_500);
      return undefined;
    };
    const { tally, acknowledged } = await encryptUnderLoad(testbed(), { lanes: 128, milliseconds });
    testbed().kms.override = undefined;
    expectOnly(tally, ["200"]);
    await expectAllOpen(testbed(), acknowledged);
  });
});

test("retries what KMS throttles, also after a brownout", async () => {
  const { kms, send } = testbed();
  const throttled = awsError("ThrottlingException");
  kms.override = () => throttled;
  const brownout = await encryptUnderLoad(testbed(), {
    lanes: 16,
    milliseconds: 2_000,
    until: always,
  });
  expectOnly(brownout.tally, ["KmsUnavailable", "DeadlineExceeded"]);
  for (let n = 0; n < 5; n++) {
    let attempts = 0;
    kms.override = () => (++attempts < 3 ? throttled : undefined);
    expect((await send("/encrypt", { Name: "n", Text: "t" })).status).toBe(200);
    expect(attempts).toBe(3);
  }
});

describe.each([
  ["refuses", awsError("AccessDeniedException")],
  ["has the key disabled", awsError("DisabledException")],
  ["fails", awsError("KMSInternalException", "", 500)],
  ["responds without content", { status: 200, body: {} }],
])("while KMS %s", (_, failure) => {
  test("returns 503, never 403, and recovers at once", async () => {
    const { kms, send } = testbed();
    const Key = JSON.parse((await send("/encrypt", { Name: "n", Text: "t" })).text).Key;
    kms.override = () => failure;
    for (const path of ["/decrypt", "/forget"]) {
      const response = await send(path, { Name: "n", Key });
      expect(response.status).toBe(503);
      expectDesigned(response);
    }
    expect((await send("/encrypt", { Name: "n", Text: "t" })).status).toBe(503);
    kms.override = undefined;
    expect((await send("/decrypt", { Name: "n", Key })).status).toBe(200);
  });
});

test.each(["silent", "away"] as const)("returns 503 in time while KMS is %s", async (mode) => {
  testbed().kmsProxy.mode = mode;
  const { tally, slowest } = await encryptUnderLoad(testbed(), { milliseconds, until: always });
  expectOnly(tally, ["KmsUnavailable", "DeadlineExceeded"]);
  expect(slowest).toBeLessThan(4 * DEADLINE);
  testbed().kmsProxy.mode = "pass";
  await expectRecovery(testbed());
});

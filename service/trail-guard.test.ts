import { describe, expect, test } from "vitest";
import { createLogger } from "./telemetry.ts";
import type { TrailFailure } from "./trail.ts";
import { CHECK_INTERVAL, createTrailGuard, type TrailGuardProps } from "./trail-guard.ts";

function setUp(policy: TrailGuardProps["policy"]) {
  const trail: { failure: TrailFailure | undefined; answers: boolean } = {
    failure: undefined,
    answers: true,
  };
  const clock = { now: 0 };
  const lines: Record<string, unknown>[] = [];
  const guard = createTrailGuard({
    readTrail: async () => {
      if (!trail.answers) throw new Error("ECONNREFUSED 198.51.100.7");
      return trail.failure;
    },
    policy,
    logger: createLogger({
      level: "info",
      destination: { write: (line) => void lines.push(JSON.parse(line)) },
    }),
    metricsNamespace: "Cipherwatch",
    now: () => clock.now,
  });
  /** Checks a number of times, at the usual interval. */
  const checks = async (count: number) => {
    for (let index = 0; index < count; index++) {
      clock.now += CHECK_INTERVAL;
      await guard.check();
    }
  };
  return { trail, clock, lines, guard, checks };
}

describe.each(["refuse", "refuse-unknown"] as const)("with %s", (policy) => {
  test("refuses decrypts after one check of a trail that does not deliver, and allows them again", async () => {
    const { trail, guard, checks } = setUp(policy);
    await checks(1);
    expect(guard.mayDecrypt()).toBe(true);
    trail.failure = "NotLogging";
    await checks(1);
    expect(guard.mayDecrypt()).toBe(false);
    trail.failure = undefined;
    await checks(1);
    expect(guard.mayDecrypt()).toBe(true);
  });

  test("keeps refusing when CloudTrail stops answering", async () => {
    const { trail, guard, checks } = setUp(policy);
    trail.failure = "KmsEventsExcluded";
    await checks(1);
    trail.answers = false;
    await checks(10);
    expect(guard.mayDecrypt()).toBe(false);
  });

  test("keeps allowing decrypts while one check fails", async () => {
    const { trail, guard, checks } = setUp(policy);
    await checks(1);
    trail.answers = false;
    await checks(1);
    expect(guard.mayDecrypt()).toBe(true);
  });
});

test("refuse allows decrypts while CloudTrail does not answer", async () => {
  const { trail, guard, checks } = setUp("refuse");
  expect(guard.mayDecrypt()).toBe(true);
  trail.answers = false;
  await checks(10);
  expect(guard.mayDecrypt()).toBe(true);
});

test("refuse-unknown refuses decrypts before the first check, and about a minute after the last answer", async () => {
  const { trail, clock, guard, checks } = setUp("refuse-unknown");
  expect(guard.mayDecrypt()).toBe(false);
  await checks(1);
  expect(guard.mayDecrypt()).toBe(true);
  trail.answers = false;
  await checks(2);
  clock.now += 6_000;
  expect(guard.mayDecrypt()).toBe(false);
});

test("counts checks that confirm the trail as 0, and others as 1", async () => {
  const { trail, lines, checks } = setUp("refuse");
  await checks(1);
  trail.failure = "DeliveryFailed";
  await checks(1);
  trail.failure = undefined;
  await checks(1);
  trail.answers = false;
  await checks(3);
  expect(lines.map(({ TrailUnconfirmed }) => TrailUnconfirmed)).toEqual([0, 1, 0, 0, 0, 1]);
  expect(lines[1]).toMatchObject({
    level: "error",
    msg: "the trail does not record KMS events",
    trailFailure: "DeliveryFailed",
    decrypts: "refused",
    _aws: { CloudWatchMetrics: [{ Namespace: "Cipherwatch", Dimensions: [["Service"]] }] },
  });
  expect(JSON.stringify(lines)).not.toContain("198.51.100.7");
});

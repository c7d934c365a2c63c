import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Acknowledged, encryptUnderLoad, expectAllOpen, LONG, useTestbed } from "./testbed.ts";

const KILLS = LONG ? 100 : 5;
const testbed = useTestbed();

test(`every acknowledged record opens after ${KILLS} times SIGKILL under load`, async () => {
  const acknowledged: Acknowledged[] = [];
  for (let n = 0; n < KILLS; n++) {
    const { service, restart } = testbed();
    const first = Promise.withResolvers<void>();
    let isKilled = false;
    const load = encryptUnderLoad(testbed(), {
      milliseconds: 0,
      until: () => isKilled,
      onAcknowledged: first.resolve,
    });
    await first.promise;
    await delay(Math.random() * 700);
    await service.kill("SIGKILL");
    isKilled = true;
    const { tally, acknowledged: before } = await load;
    expect(tally.InternalError).toBeUndefined();
    acknowledged.push(...before);
    await restart();
  }
  await expectAllOpen(testbed(), acknowledged);
});

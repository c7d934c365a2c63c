import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { openJournal } from "../../state/journal.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { memoryJournal } from "../../testing/memory-journal.ts";
import { ACCOUNT } from "../testing/account.ts";
import { DELAY, lookup, START, startTrail, TRAIL } from "../testing/cloudtrail.ts";
import { temporaryFile } from "../testing/temporary-folder.ts";
import { EVENTS_KEPT, type TrailEntry } from "./event-store.ts";

describe("CloudTrail journal", () => {
  it("delivers each event exactly once across restarts", async () => {
    const file = temporaryFile("trail.jsonl");
    const names: string[] = [];
    const open = (at: number) => {
      const journal = openJournal<TrailEntry>(file);
      const lab = startTrail({ journal, clock: manualClock(at) });
      const stop = () => {
        names.push(...lab.events().map(({ eventName }) => eventName));
        lab.trail.close();
        journal.close();
      };
      return { ...lab, stop };
    };
    const first = open(START);
    await first.call("kms", "ListKeys");
    first.clock.advance(DELAY / 2);
    await first.call("kms", "ListAliases");
    first.clock.advance(DELAY / 2);
    first.stop();

    const second = open(START + DELAY);
    expect((await lookup(second, {})).map(({ EventName }) => EventName)).toEqual(["ListKeys"]);
    second.clock.advance(DELAY / 2 - 1);
    expect(second.deliveries).toEqual([]);
    second.clock.advance(1);
    second.stop();

    const third = open(START + 10 * DELAY);
    third.clock.advance(0);
    expect(third.deliveries).toMatchObject([{ timestamp: START + 10 * DELAY }]);
    third.stop();
    expect(names).toEqual(["ListKeys", "ListAliases", "LookupEvents"]);

    const fourth = open(START + 11 * DELAY);
    fourth.clock.advance(DELAY);
    expect(fourth.deliveries).toEqual([]);
    expect(await lookup(fourth, {})).toHaveLength(3);
    fourth.stop();
  });

  it("makes the second delivery of an event after a restart", async () => {
    const journal = memoryJournal<TrailEntry>();
    const twice = (calledAt: number) =>
      [DELAY, 2 * DELAY].map((after) => ({ due: calledAt + after, age: 0 }));
    const first = startTrail({ journal, deliveries: twice });
    await first.call("kms", "ListKeys");
    first.clock.advance(DELAY);
    expect(first.deliveries).toHaveLength(1);
    const second = startTrail({
      journal: memoryJournal(journal.appended),
      clock: manualClock(START + DELAY),
    });
    expect(second.trail.pending()).toEqual([]);
    expect(second.trail.recent(9)).toMatchObject([{ delivered: true }]);
    second.clock.advance(DELAY);
    expect(second.deliveries).toHaveLength(1);
  });

  it("survives a SIGKILL right after the call", () => {
    const file = temporaryFile("trail.jsonl");
    const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    const { signal } = spawnSync(process.execPath, [
      "--input-type=module",
      "--eval",
      `import { manualClock } from ${module("../../testing/manual-clock.ts")};
       import { openJournal } from ${module("../../state/journal.ts")};
       import { createCloudTrail } from ${module("./cloudtrail.ts")};
       import { fixedDelay } from ${module("./deliveries.ts")};
       const trail = createCloudTrail({
         clock: manualClock(${START}),
         trail: ${JSON.stringify(TRAIL)},
         deliveries: fixedDelay(1),
         journal: openJournal(${JSON.stringify(file)}),
         accountId: "${ACCOUNT.accountId}",
         deliver: () => {},
       });
       trail.record({
         service: "kms",
         call: { operation: "ListKeys", requestId: "before the kill", caller: { userIdentity: {} } },
         input: {},
         result: { output: {} },
         audit: {},
       });
       process.kill(process.pid, "SIGKILL");`,
    ]);
    expect(signal).toBe("SIGKILL");
    const journal = openJournal<TrailEntry>(file);
    const lab = startTrail({ journal, clock: manualClock(START + DELAY) });
    lab.clock.advance(0);
    expect(lab.events()).toMatchObject([{ requestID: "before the kill" }]);
    journal.close();
  });

  it("keeps the newest 10,000 events", async () => {
    const lab = startTrail();
    await lab.call("kms", "ListAliases");
    for (let index = 0; index < EVENTS_KEPT; index++) await lab.call("kms", "ListKeys");
    lab.clock.advance(DELAY);
    const kept = lab.trail.recent(2 * EVENTS_KEPT);
    expect(kept).toHaveLength(10_000);
    expect(kept.filter(({ event }) => event.eventName === "ListAliases")).toEqual([]);
    expect(lab.deliveries).toHaveLength(10_001);
  });

  it("reads a journal whose oldest lines were truncated", async () => {
    const journal = memoryJournal<TrailEntry>();
    const lab = startTrail({ journal });
    for (const operation of ["ListKeys", "ListAliases", "ListKeys"]) {
      await lab.call("kms", operation);
      lab.clock.advance(DELAY / 2);
    }
    // The journal has these lines: event 1, event 2, delivery of 1, event 3, delivery of 2.
    expect(journal.appended).toHaveLength(5);
    const cut = startTrail({
      journal: memoryJournal(journal.appended.slice(1)),
      clock: manualClock(lab.clock.now()),
    });
    cut.clock.advance(DELAY);
    expect(cut.events().map(({ eventName }) => eventName)).toEqual(["ListKeys"]);
  });
});

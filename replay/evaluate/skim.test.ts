import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { createSkimmer } from "./skim.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

it("does not keep the text of a file in memory for the name of a call", () => {
  const skimmer = createSkimmer({ literalsOf: () => [], maxLength: 100_000 });
  const bytes = 60_000;
  const skim = (name: string) => {
    const record = {
      userIdentity: { type: "Root" },
      eventTime: "2026-03-02T09:14:27Z",
      eventSource: "kms.amazonaws.com",
      eventName: name,
      requestParameters: "x".repeat(bytes),
    };
    const text = JSON.stringify(record);
    expect(skimmer(text)(0, text.length)).toBe(record.eventTime);
  };
  const calls = 300;
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < calls; index++) skim(`Call${index}`);
  collectGarbage();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan((calls * bytes) / 2);
});

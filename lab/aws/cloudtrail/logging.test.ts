import { expect, it } from "vitest";
import { DELAY, lookup, START, startTrail, TRAIL } from "../testing/cloudtrail.ts";

it("delivers the call that stops the trail, and then nothing until logging starts again", async () => {
  const lab = startTrail();
  await lab.call("cloudtrail", "StopLogging", { Name: TRAIL.arn });
  await lab.call("kms", "ListKeys");
  lab.clock.advance(DELAY);
  expect(lab.events().map(({ eventName }) => eventName)).toEqual(["StopLogging"]);
  expect((await lookup(lab, {})).map(({ EventName }) => EventName).sort()).toEqual([
    "ListKeys",
    "StopLogging",
  ]);

  await lab.call("cloudtrail", "StartLogging", { Name: TRAIL.name });
  await lab.call("kms", "ListAliases");
  lab.clock.advance(DELAY);
  expect(lab.events().map(({ eventName }) => eventName)).toEqual([
    "StopLogging",
    "StartLogging",
    "ListAliases",
  ]);
});

it("reports whether the trail logs, and when it last delivered", async () => {
  const lab = startTrail();
  const status = () => lab.call("cloudtrail", "GetTrailStatus", { Name: TRAIL.arn });
  expect(await status()).toMatchObject({
    IsLogging: true,
    LatestCloudWatchLogsDeliveryTime: new Date(START),
  });
  lab.clock.advance(DELAY);
  await lab.call("cloudtrail", "StopLogging", { Name: TRAIL.arn });
  expect(await status()).toMatchObject({
    IsLogging: false,
    StopLoggingTime: new Date(START + DELAY),
    LatestCloudWatchLogsDeliveryTime: new Date(START + DELAY),
  });
});

it("rejects operations on a trail that does not exist", async () => {
  const lab = startTrail();
  for (const operation of ["GetTrailStatus", "StopLogging", "StartLogging"]) {
    expect(await lab.call("cloudtrail", operation, { Name: "another" })).toMatchObject({
      code: "TrailNotFoundException",
    });
  }
});

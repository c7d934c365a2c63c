import { expect, it } from "vitest";
import { DELAY, lastRecord, lookup, START, startTrail, TRAIL } from "../testing/cloudtrail.ts";

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

it("reports whether the trail is logging, and when it last delivered", async () => {
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
  for (const operation of ["GetTrail", "GetTrailStatus", "StopLogging", "StartLogging"]) {
    expect(await lab.call("cloudtrail", operation, { Name: "another" })).toMatchObject({
      code: "TrailNotFoundException",
      message:
        "Unknown trail: arn:aws:cloudtrail:ap-southeast-2:111122223333:trail/another for the user: 111122223333",
    });
  }
});

const DESCRIBED = {
  Name: "cipherwatch",
  S3BucketName: "trail-bucket",
  IncludeGlobalServiceEvents: true,
  IsMultiRegionTrail: true,
  HomeRegion: "ap-southeast-2",
  TrailARN: TRAIL.arn,
  LogFileValidationEnabled: true,
  CloudWatchLogsLogGroupArn:
    "arn:aws:logs:ap-southeast-2:111122223333:log-group:/cipherwatch/trail:*",
  CloudWatchLogsRoleArn: "arn:aws:iam::111122223333:role/trail",
  KmsKeyId: "arn:aws:kms:ap-southeast-2:111122223333:key/trail",
  HasCustomEventSelectors: false,
  HasInsightSelectors: false,
  IsOrganizationTrail: false,
};

it("describes the trail with the settings of the stacks, by name, by ARN or in a list of all trails", async () => {
  const lab = startTrail();
  const describe = (input = {}) => lab.call("cloudtrail", "DescribeTrails", input);
  expect(await describe()).toEqual({ trailList: [DESCRIBED] });
  for (const name of [TRAIL.name, TRAIL.arn]) {
    expect(await describe({ trailNameList: [name, "another"] })).toEqual({
      trailList: [DESCRIBED],
    });
    expect(await lab.call("cloudtrail", "GetTrail", { Name: name })).toEqual({ Trail: DESCRIBED });
  }
  expect(await describe({ trailNameList: ["another"] })).toEqual({ trailList: [] });
  expect(await lab.call("cloudtrail", "ListTrails")).toEqual({
    Trails: [{ TrailARN: TRAIL.arn, Name: TRAIL.name, HomeRegion: TRAIL.homeRegion }],
  });
});

it("records a description of trails as a read-only call without response elements", async () => {
  const lab = startTrail();
  await lab.call("cloudtrail", "DescribeTrails", { trailNameList: [TRAIL.name] });
  expect(lastRecord(lab)).toMatchObject({
    eventSource: "cloudtrail.amazonaws.com",
    eventName: "DescribeTrails",
    readOnly: true,
    requestParameters: { trailNameList: [TRAIL.name] },
    responseElements: null,
  });
});

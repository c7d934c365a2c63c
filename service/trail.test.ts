import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { GetEventSelectorsResponse, GetTrailStatusResponse } from "@aws-sdk/client-cloudtrail";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createReadTrail, failureOf } from "./trail.ts";

const NOW = Date.parse("2026-03-02T10:00:00Z");
const minutesAgo = (minutes: number) => new Date(NOW - minutes * 60_000);

const delivering: GetTrailStatusResponse = {
  IsLogging: true,
  LatestCloudWatchLogsDeliveryTime: minutesAgo(4),
};
const everything: GetEventSelectorsResponse = {
  EventSelectors: [
    { ReadWriteType: "All", IncludeManagementEvents: true, ExcludeManagementEventSources: [] },
  ],
};
const management = { Field: "eventCategory", Equals: ["Management"] };
const advanced = (...fields: object[]): GetEventSelectorsResponse => ({
  AdvancedEventSelectors: [{ FieldSelectors: [management, ...fields] as never }],
});

describe("the state of a trail", () => {
  test.each([
    ["selects all management events", everything],
    ["selects all management events by fields", advanced()],
    [
      "leaves out the RDS Data API",
      advanced({ Field: "eventSource", NotEquals: ["rdsdata.amazonaws.com"] }),
    ],
  ])("a trail that %s and delivers has no failure", (_, selectors) => {
    expect(failureOf(delivering, selectors, NOW)).toBeUndefined();
  });

  test.each<[string, Partial<GetTrailStatusResponse>]>([
    ["NotLogging", { IsLogging: false }],
    ["DeliveryFailed", { LatestCloudWatchLogsDeliveryError: "Access denied." }],
    ["NeverDelivered", { LatestCloudWatchLogsDeliveryTime: undefined }],
    ["DeliveryStopped", { LatestCloudWatchLogsDeliveryTime: minutesAgo(31) }],
  ])("reports %s", (failure, status) => {
    expect(failureOf({ ...delivering, ...status }, everything, NOW)).toBe(failure);
  });

  test.each<[string, GetEventSelectorsResponse]>([
    ["there is no selector", {}],
    [
      "KMS is excluded",
      {
        EventSelectors: [
          {
            ReadWriteType: "All",
            IncludeManagementEvents: true,
            ExcludeManagementEventSources: ["kms.amazonaws.com"],
          },
        ],
      },
    ],
    [
      "only write events are selected",
      { EventSelectors: [{ ReadWriteType: "WriteOnly", IncludeManagementEvents: true }] },
    ],
    [
      "management events are not selected",
      { EventSelectors: [{ ReadWriteType: "All", IncludeManagementEvents: false }] },
    ],
    ["a field excludes KMS", advanced({ Field: "eventSource", NotEquals: ["kms.amazonaws.com"] })],
    ["a field selects write events", advanced({ Field: "readOnly", Equals: ["false"] })],
    [
      "a field excludes sources by prefix, too",
      advanced({ Field: "eventSource", NotEquals: ["a"], NotStartsWith: ["kms"] }),
    ],
    [
      "only data events are selected",
      {
        AdvancedEventSelectors: [
          { FieldSelectors: [{ Field: "eventCategory", Equals: ["Data"] }] },
        ],
      },
    ],
  ])("reports KmsEventsExcluded if %s", (_, selectors) => {
    expect(failureOf(delivering, selectors, NOW)).toBe("KmsEventsExcluded");
  });
});

describe("reading the state", () => {
  const trailArn = "arn:aws:cloudtrail:ap-southeast-2:111122223333:trail/cipherwatch-dev-trail";
  const closers: (() => void)[] = [];

  afterEach(() => {
    for (const close of closers.splice(0)) close();
    vi.unstubAllEnvs();
  });

  /** Answers as CloudTrail does, and returns the operations and trails that it was asked for. */
  async function cloudTrail(
    answer: (operation: string) => readonly [number, object],
    time: () => number = Date.now,
  ) {
    const calls: (readonly [string, unknown])[] = [];
    const server = createServer(async (request, response) => {
      const operation = String(request.headers["x-amz-target"]).split(".").at(-1) ?? "";
      calls.push([operation, JSON.parse(Buffer.concat(await request.toArray()).toString())]);
      const [status, body] = answer(operation);
      response.writeHead(status, {
        "content-type": "application/x-amz-json-1.1",
        date: new Date(time()).toUTCString(),
      });
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => server.close());
    vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "example");
    return calls;
  }

  test("asks CloudTrail for the status and the selectors of the trail", async () => {
    const calls = await cloudTrail((operation) =>
      operation === "GetTrailStatus"
        ? [200, { IsLogging: true, LatestCloudWatchLogsDeliveryTime: NOW / 1_000 - 60 }]
        : [200, everything],
    );
    const readTrail = createReadTrail({ trail: trailArn, region: "" }, () => NOW);
    expect(await readTrail(AbortSignal.timeout(60_000))).toBeUndefined();
    expect(calls).toHaveLength(2);
    expect(calls).toContainEqual(["GetTrailStatus", { Name: trailArn }]);
    expect(calls).toContainEqual(["GetEventSelectors", { TrailName: trailArn }]);
  });

  test("compares the last delivery with the time of CloudTrail, not with a clock that is off", async () => {
    const behind = () => Date.now() - 3_600_000;
    let minutes = 4;
    await cloudTrail((operation) => {
      const delivered = behind() / 1_000 - minutes * 60;
      const status = { IsLogging: true, LatestCloudWatchLogsDeliveryTime: delivered };
      return [200, operation === "GetTrailStatus" ? status : everything];
    }, behind);
    const readTrail = createReadTrail({ trail: trailArn, region: "" }, Date.now);
    expect(await readTrail(AbortSignal.timeout(60_000))).toBeUndefined();
    minutes = 35;
    expect(await readTrail(AbortSignal.timeout(60_000))).toBe("DeliveryStopped");
  });

  test("reports NotFound for a deleted trail, and throws when access is denied", async () => {
    let error = "TrailNotFoundException";
    await cloudTrail(() => [400, { __type: error, message: "" }]);
    const readTrail = createReadTrail({ trail: "management", region: "eu-west-1" }, () => NOW);
    expect(await readTrail(AbortSignal.timeout(60_000))).toBe("NotFound");
    error = "AccessDeniedException";
    await expect(readTrail(AbortSignal.timeout(60_000))).rejects.toThrow();
  });
});

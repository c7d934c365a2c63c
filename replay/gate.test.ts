import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runReplay } from "./testing/run-replay.ts";

let folder: string;
let trail: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-gate-"));
  trail = join(folder, "events.json");
  const event = {
    eventVersion: "1.11",
    eventTime: "2026-03-02T09:14:27Z",
    eventSource: "cloudtrail.amazonaws.com",
    eventName: "StopLogging",
    eventID: "1",
    userIdentity: {},
  };
  writeFileSync(trail, JSON.stringify({ Records: [event] }));
});
afterAll(() => rmSync(folder, { recursive: true }));

const FILTER = {
  Type: "AWS::Logs::MetricFilter",
  Properties: {
    FilterPattern: "{ $.eventName = DeleteTrail }",
    MetricTransformations: [{ MetricName: "deleted", MetricNamespace: "Trail", MetricValue: "1" }],
  },
};

const alarm = (Properties: object) => ({
  Type: "AWS::CloudWatch::Alarm",
  Properties: {
    ...{ Namespace: "Trail", MetricName: "deleted", Period: 300, EvaluationPeriods: 3 },
    ...{ DatapointsToAlarm: 1, Threshold: 1, AlarmActions: ["arn:aws:sns:eu-west-1:1:alerts"] },
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
    ...Properties,
  },
});
const ALARM = alarm({ Statistic: "Sum" });

function gate(resources: object, ...args: readonly string[]) {
  const template = join(folder, "template.json");
  writeFileSync(template, JSON.stringify({ Resources: { FILTER, ALARM, ...resources } }));
  return runReplay(["--plan", template, ...args, trail]);
}

/** Resources that replay cannot read and that may be alarms on CloudTrail records. */
const UNREAD: readonly (readonly [string, object])[] = [
  ["a template elsewhere", { Type: "AWS::CloudFormation::Stack" }],
  ["a module", { Type: "Acme::Alarms::Cis::MODULE" }],
  ["a macro", { "Fn::Transform": { Name: "Alarms" } }],
  [
    "a filter of transformed logs",
    { ...FILTER, Properties: { ...FILTER.Properties, ApplyOnTransformedLogs: true } },
  ],
  [
    "a filter whose pattern AWS rejects",
    {
      ...FILTER,
      Properties: { ...FILTER.Properties, FilterPattern: "{ $.eventName == StopLogging }" },
    },
  ],
  ["an alarm with a percentile", alarm({ ExtendedStatistic: "p99" })],
  [
    "an alarm on a metric that is not known",
    alarm({ Namespace: { "Fn::GetAtt": ["Source", "Name"] }, Statistic: "Sum" }),
  ],
  [
    "an alarm on a metric without a filter",
    alarm({ Namespace: "Trial", MetricName: "stops", Statistic: "Sum" }),
  ],
  [
    "an alarm on a Metrics Insights query",
    alarm({ Namespace: undefined, Metrics: [{ Id: "q", Expression: "SELECT SUM(a) FROM b" }] }),
  ],
  [
    "a composite alarm with a suppressor",
    {
      Type: "AWS::CloudWatch::CompositeAlarm",
      Properties: { AlarmRule: 'ALARM("ALARM")', ActionsSuppressor: "deploying" },
    },
  ],
];

/** Resources that do not concern CloudTrail records, and that most accounts have. */
const OTHERS: readonly (readonly [string, object])[] = [
  [
    "an alarm on a metric of an AWS service",
    { Cpu: alarm({ Namespace: "AWS/EC2", MetricName: "CPUUtilization", Statistic: "Average" }) },
  ],
  [
    "an alarm on a percentile of an AWS service",
    { Slow: alarm({ Namespace: "AWS/ApplicationELB", ExtendedStatistic: "p99" }) },
  ],
  [
    "an anomaly alarm on a metric of an AWS service",
    {
      Unusual: alarm({
        Namespace: undefined,
        ComparisonOperator: "GreaterThanUpperThreshold",
        Metrics: [
          {
            Id: "m",
            MetricStat: {
              ...{ Period: 300, Stat: "Sum" },
              Metric: { Namespace: "ECS/ContainerInsights", MetricName: "TaskCount" },
            },
          },
          { Id: "band", Expression: "ANOMALY_DETECTION_BAND(m)" },
        ],
      }),
    },
  ],
  [
    "a filter of lines that are not JSON, and its alarm",
    {
      Lines: {
        Type: "AWS::Logs::MetricFilter",
        Properties: {
          FilterPattern: "ERROR",
          MetricTransformations: [
            { MetricName: "errors", MetricNamespace: "App", MetricValue: "1" },
          ],
        },
      },
      Errors: alarm({ Namespace: "App", MetricName: "errors", Statistic: "Sum" }),
    },
  ],
];

describe("the gate of a plan with a resource that could not be read", () => {
  it.each(UNREAD)("does not pass: %s", async (_, Unread) => {
    for (const condition of ["problem", "alarm", "alarm,problem"]) {
      const { code, out, err } = await gate({ Unread }, "--fail-on", condition);
      expect({ code, err }).toEqual({
        code: 2,
        err: expect.stringMatching(
          /^--fail-on \S+: 1 resource of --plan could not be replayed, and may be .+: (filter )?Unread\. .+ --allow-unread .*\n$/,
        ),
      });
      expect(out).toMatch(/\nNot replayed:\n {2}(filter )?Unread: /);
    }
  });

  it("passes without --fail-on, which only reports", async () => {
    const [[, Unread] = []] = UNREAD;
    expect(await gate({ Unread })).toMatchObject({ code: 0, err: "" });
  });

  it("passes if --allow-unread accepts each such resource by its name", async () => {
    const [[, One] = [], [, Other] = []] = UNREAD;
    const both = { One, Other, OtherToo: Other };
    const run = (...args: readonly string[]) => gate(both, "--fail-on", "problem", ...args);
    expect(await run("--allow-unread", "One")).toMatchObject({
      code: 2,
      err: expect.stringContaining(": 2 resources of --plan could not be replayed"),
    });
    expect(await run("--allow-unread", "One", "--allow-unread", "Other")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/: OtherToo\. /),
    });
    expect(await run("--allow-unread", "One", "--allow-unread", "Other*")).toMatchObject({
      code: 0,
      err: "",
    });
  });

  it("fails with 1 if a condition holds for the resources that were read", async () => {
    const [[, Unread] = []] = UNREAD;
    const Silent = alarm({ Statistic: "Sum", AlarmActions: [] });
    expect(await gate({ Unread, Silent }, "--fail-on", "problem")).toMatchObject({ code: 1 });
  });
});

it.each(OTHERS)(
  "passes a plan with %s, which does not concern CloudTrail records",
  async (_, others) => {
    const { code, out, err } = await gate(others, "--fail-on", "alarm,problem");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/\nNot replayed:\n {2}/);
  },
);

it.each(["problem", "alarm", "alarm,problem"])(
  "does not pass a plan without alarms on its filters: %s",
  async (condition) => {
    const [[, others] = []] = OTHERS;
    expect(await gate({ ALARM: undefined, ...others }, "--fail-on", condition)).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /^--fail-on \S+: there is no alarm on a metric of the filters, .+ another --plan\.\n$/,
      ),
    });
  },
);

it("marks resources that could not be read in the JSON report", async () => {
  const [[, Unread] = []] = UNREAD;
  const [[, others] = []] = OTHERS;
  const { out } = await gate({ Unread, ...others }, "--json");
  expect(JSON.parse(out).notReplayed).toEqual([
    expect.objectContaining({ alarm: "Unread", unread: true }),
    expect.objectContaining({ alarm: "Cpu", unread: false }),
  ]);
});

it.each([
  [["--fail-on", "problem"], /^--fail-on problem needs --plan, whose alarms it checks/],
  [["--fail-on", "alarm,problem", "--pattern", "{ $.a = 1 }"], /^--fail-on problem needs --plan/],
  [["--allow-unread", "x"], /^--allow-unread needs --plan and --fail-on/],
  [["--allow-unread", "x", "--plan", "p"], /^--allow-unread needs --plan and --fail-on/],
  [["--allow-unread", "", "--plan", "p", "--fail-on", "alarm"], /^--allow-unread is empty/],
])("rejects %j, which would check nothing", async (args, message) => {
  expect(await runReplay([...args, trail])).toMatchObject({
    code: 2,
    out: "",
    err: expect.stringMatching(message),
  });
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { planFile } from "../testing/plan-fixtures.ts";
import { importAlarms } from "./alarms.ts";
import { importedDetections } from "./detections.ts";
import { readAlarmFile } from "./read-file.ts";
import { type PlanFile, readPlan } from "./terraform-plan.ts";

function alarmsOf(shape: string) {
  const { alarms, notReplayed } = importAlarms(readAlarmFile(planFile(shape)));
  return {
    metrics: Object.fromEntries(alarms.map(({ name, metricName }) => [name, metricName])),
    notReplayed,
  };
}

describe("a metric name that is only known after apply", () => {
  it.each([
    [
      "for-each",
      {
        "baseline-DisableOrDeleteKey": "baseline-DisableOrDeleteKey",
        "baseline-RootUsage": "baseline-RootUsage",
        "baseline-TrailChanges": "baseline-TrailChanges",
      },
    ],
    ["one-by-one", { DisableOrDeleteKey: "DisableOrDeleteKey" }],
    ["two-modules", { "alarm-root": "root", "alarm-trail": "trail" }],
    ["composite", { KeyChange: "KeyChange", TrailChange: "TrailChange" }],
    [
      "nested-modules",
      {
        "eu-keys-alarm": "eu-keys",
        "eu-trail-alarm": "eu-trail",
        "us-keys-alarm": "us-keys",
        "us-trail-alarm": "us-trail",
      },
    ],
  ])("is that of the filter which the alarm refers to: %s", (shape, metrics) => {
    const plan = readFileSync(planFile(shape), "utf8");
    expect(plan).toContain('"metric_name":true');
    expect(alarmsOf(shape)).toEqual({ metrics, notReplayed: [] });
  });

  it("is resolved within metric_query", () => {
    expect(alarmsOf("metric-math").metrics).toMatchObject({ "key-deleted": "deleted" });
  });

  it("is that of the query with the same id, because Terraform sorts the queries of an alarm", () => {
    const { alarms } = importAlarms(readAlarmFile(planFile("dynamic-queries")));
    expect(alarms.find(({ name }) => name === "difference")).toMatchObject({
      math: {
        text: "FILL(z_failed, 0) - FILL(a_denied, 0)",
        inputs: [{ metricName: "denied" }, { metricName: "failed" }],
      },
    });
  });

  it("is not guessed for a dynamic block, whose expressions a plan does not contain", () => {
    const { metrics, notReplayed } = alarmsOf("dynamic-queries");
    expect(metrics).toMatchObject({ rejected: "SUM(METRICS())" });
    expect(notReplayed).toEqual([
      {
        alarm: "module.denied.aws_cloudwatch_metric_alarm.this",
        unread: true,
        why: expect.stringMatching(
          /^metric_query is not known: a dynamic block sets it, and a plan/,
        ),
      },
    ]);
  });

  it("is not guessed from an expression of several values or of a local value", () => {
    const plan = JSON.parse(readFileSync(planFile("one-by-one"), "utf8")) as PlanFile;
    const resources = plan.configuration.root_module.resources ?? [];
    const alarm = resources.find(({ type }) => type === "aws_cloudwatch_metric_alarm");
    const withReferences = (references: readonly string[]) => {
      Object.assign(alarm?.expressions ?? {}, { metric_name: { references } });
      return importAlarms(readPlan(plan)).notReplayed;
    };
    const address = "aws_cloudwatch_metric_alarm.disable_or_delete_key[0]";
    const filter = "aws_cloudwatch_log_metric_filter.disable_or_delete_key[0].id";
    expect(withReferences([filter, "var.suffix"])).toEqual([
      {
        alarm: address,
        unread: true,
        why:
          `metric_name is not known: its expression combines ${filter} and var.suffix. Apply the plan, and ` +
          "replay the state: terraform show -json.",
      },
    ]);
    expect(withReferences(["local.names", "count.index"])[0]?.why).toMatch(
      /^metric_name is not known: it refers to local\.names, and a plan does not contain local values\./,
    );
  });
});

it("replays an alarm on a metric math expression", async () => {
  const { detections, notReplayed } = importedDetections([planFile("metric-math")]);
  expect(notReplayed).toEqual([]);
  const alarm = detections.flatMap(({ alarms }) => alarms).find(({ name }) => name === "keys-lost");
  expect(alarm).toMatchObject({
    period: 900,
    math: {
      text: "FILL(disabled, 0) + FILL(deleted, 0)",
      inputs: [{ metricName: "deleted" }, { metricName: "disabled" }],
    },
  });
});

it("reads names that the plan contains, regardless of their expressions", () => {
  expect(alarmsOf("count-locals")).toEqual({
    metrics: {
      "KeyPendingDeletionCount-alarm": "KeyPendingDeletionCount",
      "TrailChangeCount-alarm": "TrailChangeCount",
    },
    notReplayed: [],
  });
});

it("replays the same filters and alarms of two Regions once, because both would get the same records", () => {
  const { filters, detections } = importedDetections([planFile("two-regions")]);
  expect(filters.map(({ name }) => name)).toEqual(["denied"]);
  expect(detections.map(({ alarms }) => alarms.length)).toEqual([1]);
});

it("replays a filter and an alarm whose names and descriptions are only known after apply", () => {
  const { detections, notReplayed } = importedDetections([planFile("random-names")]);
  expect(notReplayed).toEqual([]);
  expect(detections.map(({ id, alarms }) => [id, alarms.map(({ name }) => name)])).toEqual([
    ["Denied", ["aws_cloudwatch_metric_alarm.denied"]],
  ]);
});

it("reads the dimensions that a filter takes from records, and those that alarms monitor", () => {
  const { filters, detections, problems } = importedDetections([planFile("dimensions")]);
  expect(filters).toMatchObject([{ transformation: { dimensions: { Service: "$.eventSource" } } }]);
  expect(detections[0]?.alarms.map(({ dimensions }) => dimensions)).toEqual([
    { Service: "kms.amazonaws.com" },
    { Service: "s3.amazonaws.com" },
  ]);
  expect(problems).toEqual([]);
});

it("counts actions that are only known after apply as actions", () => {
  const { problems } = importedDetections([planFile("count-locals")]);
  expect(problems.filter(({ kind }) => kind === "notifies nobody")).toEqual([]);
});

it("joins filters and alarms of several files", () => {
  const { detections } = importedDetections([planFile("for-each"), planFile("one-by-one")]);
  expect(detections.map(({ id, alarms }) => [id, alarms.length])).toEqual([
    ["baseline-DisableOrDeleteKey", 1],
    ["baseline-RootUsage", 1],
    ["baseline-TrailChanges", 1],
    ["DisableOrDeleteKey", 1],
  ]);
});

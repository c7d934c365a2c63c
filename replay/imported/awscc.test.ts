import { describe, expect, it } from "vitest";
import { importContent as read } from "../testing/import-content.ts";

/** Attributes as in the provider's schema: https://github.com/hashicorp/terraform-provider-awscc/tree/main/docs/resources */
const FILTER = {
  filter_name: "stop",
  filter_pattern: "{ $.eventName = StopLogging }",
  log_group_name: "trail",
  metric_transformations: [
    {
      metric_name: "stops",
      metric_namespace: "Security",
      metric_value: "1",
      dimensions: [{ key: "Service", value: "$.eventSource" }],
    },
  ],
};
const ALARM = {
  alarm_name: "stop-alarm",
  metric_name: "stops",
  namespace: "Security",
  statistic: "Sum",
  dimensions: [{ name: "Service", value: "cloudtrail.amazonaws.com" }],
  period: 300,
  evaluation_periods: 3,
  datapoints_to_alarm: 1,
  threshold: 1,
  comparison_operator: "GreaterThanOrEqualToThreshold",
  alarm_actions: ["arn:aws:sns:eu-west-1:111122223333:alerts"],
};
const MATH = {
  alarm_name: "math",
  evaluation_periods: 3,
  threshold: 1,
  comparison_operator: "GreaterThanOrEqualToThreshold",
  metrics: [
    { id: "total", expression: "SUM(METRICS())" },
    {
      id: "m1",
      return_data: false,
      metric_stat: {
        metric: { metric_name: "stops", namespace: "Security" },
        period: 60,
        stat: "Sum",
      },
    },
  ],
};
const COMPOSITE = { alarm_name: "any", alarm_rule: "ALARM(stop-alarm)" };

type Resource = readonly [type: string, name: string, values: object];

const RESOURCES: readonly [Resource, Resource, Resource, Resource] = [
  ["awscc_logs_metric_filter", "stop", FILTER],
  ["awscc_cloudwatch_alarm", "stop", ALARM],
  ["awscc_cloudwatch_alarm", "math", MATH],
  ["awscc_cloudwatch_composite_alarm", "any", COMPOSITE],
];

const EXPECTED = {
  filters: [
    {
      name: "stop",
      pattern: "{ $.eventName = StopLogging }",
      transformation: { metricName: "stops", dimensions: { Service: "$.eventSource" } },
    },
  ],
  alarms: [
    {
      name: "stop-alarm",
      metricName: "stops",
      dimensions: { Service: "cloudtrail.amazonaws.com" },
      evaluationPeriods: 3,
      datapointsToAlarm: 1,
      alarmActions: ["arn:aws:sns:eu-west-1:111122223333:alerts"],
    },
    { name: "math", math: { text: "SUM(METRICS())", inputs: [{ metricName: "stops" }] } },
  ],
  composites: [{ name: "any", rule: "ALARM(stop-alarm)" }],
  notReplayed: [],
};

/** Adds the attributes that the provider computes and that the configuration does not set. */
function planned([type, name, values]: Resource, unknown: object, references = {}) {
  const address = `${type}.${name}`;
  const expressions = Object.fromEntries(
    Object.entries(values).map(([attribute, constant_value]) => [attribute, { constant_value }]),
  );
  return {
    resource: { address, mode: "managed", type, name, values },
    change: { address, change: { after_unknown: { id: true, ...unknown } } },
    configuration: {
      address,
      mode: "managed",
      type,
      name,
      expressions: { ...expressions, ...references },
    },
  };
}

function readPlanOf(resources: readonly ReturnType<typeof planned>[]) {
  return read({
    planned_values: { root_module: { resources: resources.map(({ resource }) => resource) } },
    resource_changes: resources.map(({ change }) => change),
    configuration: {
      root_module: { resources: resources.map(({ configuration }) => configuration) },
    },
  });
}

describe("filters and alarms of the awscc provider", () => {
  it("are read from a state", () => {
    const instance = (values: object) => ({ attributes: { ...values, unit: null, arn: "arn:…" } });
    const resources = RESOURCES.map(([type, name, values]) => ({
      mode: "managed",
      type,
      name,
      instances: [instance(values)],
    }));
    expect(read({ version: 4, resources })).toMatchObject(EXPECTED);
  });

  it("are read from a plan, which marks the attributes that are not set as unknown", () => {
    const [filter, alarm, math, composite] = RESOURCES;
    const imported = readPlanOf([
      planned(filter, { metric_transformations: [{ unit: true, default_value: true }] }),
      planned(alarm, { metrics: true, extended_statistic: true, treat_missing_data: true }),
      planned(math, {
        dimensions: true,
        metric_name: true,
        datapoints_to_alarm: true,
        metrics: [
          { return_data: true, metric_stat: true },
          { expression: true, metric_stat: { metric: { dimensions: true }, unit: true } },
        ],
      }),
      planned(composite, { actions_suppressor: true, alarm_actions: true }),
    ]);
    expect(imported).toMatchObject(EXPECTED);
  });

  it("have the metric name of the filter that they refer to, also in a list of metrics", () => {
    const references = [
      "aws_cloudwatch_log_metric_filter.a.id",
      "aws_cloudwatch_log_metric_filter.a",
    ];
    const filter = planned(["aws_cloudwatch_log_metric_filter", "a", { name: "stops" }], {});
    const stat = { metric: { namespace: "Security" }, period: 60, stat: "Sum" };
    const { metric_name, ...alarm } = ALARM;
    const { alarms } = readPlanOf([
      filter,
      planned(
        ["awscc_cloudwatch_alarm", "stop", alarm],
        { metric_name: true },
        {
          metric_name: { references },
        },
      ),
      planned(
        ["awscc_cloudwatch_alarm", "math", { ...MATH, metrics: [{ id: "m1", metric_stat: stat }] }],
        {
          metrics: [
            { return_data: true, metric_stat: { metric: { metric_name: true, dimensions: true } } },
          ],
        },
        { metrics: { references } },
      ),
    ]);
    expect(alarms.map(({ metricName }) => metricName)).toEqual(["stops", "stops"]);
  });

  it("are not read from data sources", () => {
    const [[type, name, values]] = RESOURCES;
    const resource = { address: `data.${type}.${name}`, mode: "data", type, name, values };
    const shown = read({ values: { root_module: { resources: [resource] } } });
    expect(shown.filters).toEqual([]);
    const plan = planned(RESOURCES[0], {});
    expect(readPlanOf([{ ...plan, resource }]).filters).toEqual([]);
  });
});

describe("a resource of Cloud Control", () => {
  const cloudControl = (type_name: string, desired_state: string) => {
    const instances = [{ attributes: { type_name, desired_state } }];
    const type = "aws_cloudcontrolapi_resource";
    return read({ version: 4, resources: [{ mode: "managed", type, name: "a", instances }] });
  };

  it("is read if it is a filter or an alarm", () => {
    const MetricTransformations = [{ MetricName: "m", MetricNamespace: "N", MetricValue: "1" }];
    const filter = JSON.stringify({ FilterPattern: "{ $.a = 1 }", MetricTransformations });
    expect(cloudControl("AWS::Logs::MetricFilter", filter)).toMatchObject({
      filters: [{ name: "aws_cloudcontrolapi_resource.a", pattern: "{ $.a = 1 }" }],
      notReplayed: [],
    });
    expect(cloudControl("AWS::SNS::Topic", "{}")).toMatchObject({ filters: [], notReplayed: [] });
  });

  it("is listed if its properties cannot be read", () => {
    expect(cloudControl("AWS::Logs::MetricFilter", "{").notReplayed).toEqual([
      {
        alarm: "aws_cloudcontrolapi_resource.a",
        unread: true,
        why: "its properties are not known: desired_state is not JSON. Correct it.",
      },
    ]);
  });
});

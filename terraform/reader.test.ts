import { describe, expect, it } from "vitest";
import { readDeployment } from "./deployment.ts";
import type { TerraformJson } from "./json.ts";
import { readTerraform } from "./reader.ts";

const account = { accountId: "111122223333", region: "ap-southeast-2" };

const read = (stacks: Record<string, TerraformJson>) =>
  readTerraform(new Map(Object.entries(stacks)), account);

const value = (stacks: Record<string, TerraformJson>, type: string, attribute: string) =>
  read(stacks).resources(type)[0]?.get(attribute);

const topicNamed = (name: unknown): TerraformJson => ({
  resource: { aws_sns_topic: { T: { name } } },
});

describe("references", () => {
  it("resolves resources, data sources and references within strings", () => {
    const stack: TerraformJson = {
      data: {
        aws_caller_identity: { Me: {} },
        aws_partition: { P: {} },
        aws_region: { R: {} },
      },
      resource: {
        aws_sns_topic: { Topic: { name: "alerts" } },
        aws_cloudwatch_metric_alarm: {
          Alarm: {
            alarm_actions: ["${aws_sns_topic.Topic.arn}"],
            alarm_description:
              "${data.aws_partition.P.partition} ${data.aws_region.R.name} ${data.aws_caller_identity.Me.account_id} $${literal}",
          },
        },
      },
    };
    expect(value({ a: stack }, "aws_cloudwatch_metric_alarm", "alarm_actions")).toEqual([
      "arn:aws:sns:ap-southeast-2:111122223333:alerts",
    ]);
    expect(value({ a: stack }, "aws_cloudwatch_metric_alarm", "alarm_description")).toBe(
      "aws ap-southeast-2 111122223333 ${literal}",
    );
  });

  it.each([
    ["local", { path: "terraform.a.tfstate", workspace_dir: "." }],
    ["s3", { bucket: "state", key: "a.tfstate", region: "eu-west-1" }],
  ])("resolves another stack's output through its %s state", (backend, config) => {
    const a: TerraformJson = {
      terraform: { backend: { [backend]: config } },
      resource: { aws_cloudwatch_log_group: { G: { name: "/trail" } } },
      output: { group: { value: "${aws_cloudwatch_log_group.G.name}" } },
    };
    const b: TerraformJson = {
      data: { terraform_remote_state: { fromA: { backend, config } } },
      ...topicNamed("${data.terraform_remote_state.fromA.outputs.group}"),
    };
    expect(value({ a, b }, "aws_sns_topic", "name")).toBe("/trail");
  });

  it("gives each key a stable id of its own", () => {
    const stack: TerraformJson = { resource: { aws_kms_key: { A: {}, B: {} } } };
    const ids = () =>
      read({ kms: stack })
        .resources("aws_kms_key")
        .map((key) => key.get("key_id"));
    expect(ids()).toEqual(ids());
    expect(new Set(ids()).size).toBe(2);
  });
});

describe("an error with the location and the expression", () => {
  it.each([
    ['${join("-", ["a"])}', /a\/aws_sns_topic\.T\.name.*function or an operator/],
    ["${aws_sqs_queue.Q.arn}", /aws_sqs_queue\.Q\.arn.*no such block/],
    ["${aws_sns_topic.T.fifo}", /aws_sns_topic\.T\.fifo.*do not set this attribute/],
    ["${data.terraform_remote_state.gone.outputs.x}", /no such block/],
    ['x ${"${a}"}', /Cannot resolve/],
  ])("%s", (name, message) => {
    expect(() => value({ a: topicNamed(name) }, "aws_sns_topic", "name")).toThrow(message);
  });

  it("rejects repeated blocks", () => {
    const stack: TerraformJson = { resource: { aws_sns_topic: { T: { name: "x", count: 2 } } } };
    expect(() => read({ a: stack }).resources("aws_sns_topic")).toThrow(
      /"count" at a\/aws_sns_topic\.T/,
    );
  });
});

describe("a deployment", () => {
  const stack = (alarm: Record<string, unknown>): TerraformJson => ({
    resource: {
      aws_cloudwatch_log_group: { G: { name: "/trail" } },
      aws_cloudtrail: {
        T: {
          ...{ name: "trail", s3_bucket_name: "bucket", cloud_watch_logs_role_arn: "role" },
          cloud_watch_logs_group_arn: "${aws_cloudwatch_log_group.G.arn}:*",
        },
      },
      aws_cloudwatch_metric_alarm: { A: alarm },
    },
  });
  const alarm = {
    alarm_name: "a",
    namespace: "N",
    metric_name: "M",
    statistic: "Sum",
    period: 60,
    evaluation_periods: 1,
    threshold: 1,
    comparison_operator: "GreaterThanThreshold",
  };
  const deployment = (fields: Record<string, unknown>) =>
    readDeployment(read({ alarm: stack({ ...alarm, ...fields }) }), account);

  it("uses AWS's defaults for absent attributes", () => {
    expect(deployment({}).alarms[0]).toMatchObject({
      treatMissingData: "missing",
      datapointsToAlarm: 1,
      actionsEnabled: true,
      alarmActions: [],
    });
  });

  it("leaves out alarms that roll back deployments of an ECS service", () => {
    const service = {
      resource: {
        aws_cloudwatch_metric_alarm: { R: { alarm_name: "rollback", metric_query: [] } },
        aws_ecs_service: {
          S: { alarms: { alarm_names: ["${aws_cloudwatch_metric_alarm.R.alarm_name}"] } },
          T: { name: "without alarms" },
        },
      },
    };
    const { alarms } = readDeployment(read({ alarm: stack(alarm), service }), account);
    expect(alarms.map(({ name }) => name)).toEqual(["a"]);
  });

  const onBand = {
    alarm_name: "unusual",
    evaluation_periods: 3,
    datapoints_to_alarm: 2,
    comparison_operator: "GreaterThanUpperThreshold",
    threshold_metric_id: "band",
    metric_query: [
      {
        id: "m1",
        return_data: true,
        metric: { namespace: "N", metric_name: "M", period: 300, stat: "Sum" },
      },
      { id: "band", return_data: true, expression: "ANOMALY_DETECTION_BAND(m1, 2.5)" },
    ],
  };
  const deploymentOf = (fields: Record<string, unknown>) =>
    readDeployment(read({ alarm: stack({ ...onBand, ...fields }) }), account);

  it("separates anomaly alarms from threshold alarms", () => {
    const { alarms, anomalyAlarms } = deploymentOf({});
    expect(alarms).toEqual([]);
    expect(anomalyAlarms).toMatchObject([
      { name: "unusual", metricName: "M", period: 300, statistic: "Sum", deviations: 2.5 },
    ]);
  });

  it.each([
    [{ threshold: 3 }, /threshold is not supported/],
    [{ threshold_metric_id: "m1" }, /threshold_metric_id is "m1"/],
    [{ comparison_operator: "LessThanLowerThreshold" }, /comparison_operator is "LessThanLower/],
    [{ metric_query: onBand.metric_query.slice(0, 1) }, /metric_query/],
    [
      {
        metric_query: [
          onBand.metric_query[0],
          { ...onBand.metric_query[1], expression: "ANOMALY_DETECTION_BAND(m2, 2)" },
        ],
      },
      /its band is of m2; it must be of its metric, m1/,
    ],
  ])("rejects an anomaly alarm with %j", (fields, message) => {
    expect(() => deploymentOf(fields)).toThrow(message);
  });

  const EXPRESSION =
    "SELECT SUM(M) FROM SCHEMA(\"N\", Service, Client) WHERE Service = 'api' GROUP BY Client ORDER BY SUM() DESC";
  const query = { id: "q1", expression: EXPRESSION, period: 60, return_data: true };
  const onQuery = (fields: Record<string, unknown> = {}, changes: Record<string, unknown> = {}) => {
    const { namespace, metric_name, statistic, period, ...condition } = alarm;
    const metricQuery = [{ ...query, ...changes }];
    const attributes = { ...condition, metric_query: metricQuery, ...fields };
    return readDeployment(read({ alarm: stack(attributes) }), account).alarms;
  };

  it("reads an alarm on the series of a Metrics Insights query", () => {
    expect(onQuery()).toMatchObject([
      {
        namespace: "N",
        metricName: "M",
        dimensions: { Service: "api" },
        statistic: "Sum",
        period: 60,
        groupBy: "Client",
        threshold: 1,
      },
    ]);
  });

  it.each([
    [{ period: 60 }, {}, /period is not supported/],
    [{ statistic: "Sum" }, {}, /statistic is not supported/],
    [
      {},
      { expression: "SELECT SUM(M) FROM N" },
      /must be a Metrics Insights query that groups one/,
    ],
    [{}, { expression: "m1 / m2" }, /is m1 \/ m2; it must be a Metrics Insights query/],
    [{}, { return_data: false }, /metric_query/],
  ])("rejects an alarm on a query with %j, %j", (fields, changes, message) => {
    expect(() => onQuery(fields, changes)).toThrow(message);
  });

  it("reads composite alarms", () => {
    const withComposite = stack(alarm);
    const { compositeAlarms } = readDeployment(
      read({
        alarm: {
          resource: {
            ...withComposite.resource,
            aws_cloudwatch_composite_alarm: {
              C: { alarm_name: "both", alarm_rule: 'ALARM("a")' },
            },
          },
        },
      }),
      account,
    );
    expect(compositeAlarms).toMatchObject([
      {
        name: "both",
        arn: "arn:aws:cloudwatch:ap-southeast-2:111122223333:alarm:both",
        rule: 'ALARM("a")',
        actionsEnabled: true,
      },
    ]);
  });

  it.each([
    [{ statistic: "p99" }, /alarm\/aws_cloudwatch_metric_alarm\.A.*statistic is "p99"/],
    [{ threshold: undefined }, /threshold/],
    [{ extended_statistic: "p99" }, /extended_statistic is not supported/],
  ])("rejects an alarm with %j", (fields, message) => {
    expect(() => deployment(fields)).toThrow(message);
  });

  it("rejects a trail whose log group is in none of the stacks", () => {
    const broken = stack(alarm);
    const other: TerraformJson = {
      resource: {
        ...broken.resource,
        aws_cloudwatch_log_group: { G: { name: "/trail" }, Other: { name: "/other" } },
        aws_cloudtrail: { T: { name: "t", cloud_watch_logs_group_arn: "arn:aws:logs:::nowhere" } },
      },
    };
    expect(() => readDeployment(read({ alarm: other }), account)).toThrow(/arn:aws:logs:::nowhere/);
  });
});

import { describe, expect, it } from "vitest";
import { importContent as read } from "../testing/import-content.ts";

const listed = (content: unknown) =>
  read(content).notReplayed.map(({ alarm, why }) => `${alarm}: ${why}`);

const state = (type: string, attributes: object) => ({
  version: 4,
  resources: [{ mode: "managed", type, name: "a", instances: [{ attributes }] }],
});

describe("a resource of a template that may create alarms and is not read", () => {
  it.each([
    ["a nested stack", { Type: "AWS::CloudFormation::Stack" }, /its template is not in this file/],
    ["a stack set", { Type: "AWS::CloudFormation::StackSet" }, /its template is not in this file/],
    ["a SAM application", { Type: "AWS::Serverless::Application" }, /its template is not/],
    [
      "a product",
      { Type: "AWS::ServiceCatalog::CloudFormationProvisionedProduct" },
      /the template of its product is in Service Catalog/,
    ],
    ["a log alarm", { Type: "AWS::CloudWatch::LogAlarm" }, /a scheduled Logs Insights query/],
    [
      "Application Insights",
      { Type: "AWS::ApplicationInsights::Application" },
      /chooses its alarms itself/,
    ],
    ["a module", { Type: "Acme::Alarms::Cis::MODULE" }, /is a CloudFormation module/],
    ["a macro", { "Fn::Transform": { Name: "Alarms" } }, /a macro creates it, by Fn::Transform/],
    [
      "an SDK call of the CDK",
      {
        Type: "Custom::AWS",
        Properties: { Create: '{"service":"CloudWatchLogs","action":"putMetricFilter"}' },
      },
      /is a custom resource that calls putMetricFilter/,
    ],
    [
      "an SDK call with references",
      {
        Type: "Custom::AWS",
        Properties: {
          Create: { "Fn::Join": ["", ['{"action":"putMetricAlarm","topic":"', { Ref: "Topic" }]] },
        },
      },
      /is a custom resource that calls putMetricAlarm/,
    ],
    [
      "a filter with properties of a macro",
      {
        Type: "AWS::Logs::MetricFilter",
        Properties: { FilterPattern: "", "Fn::Transform": { Name: "AWS::Include" } },
      },
      /its properties are not known: a macro adds to it/,
    ],
  ])("is listed: %s", (_, resource, why) => {
    expect(listed({ Resources: { Source: resource } })).toEqual([expect.stringMatching(why)]);
  });

  it.each([
    ["AWS::Include", ["AWS::Include"]],
    [["AWS::LanguageExtensions", { Name: "Alarms" }], ["Alarms"]],
    [["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"], []],
  ])("is listed if the macros are %j", (Transform, macros) => {
    const expected = macros.map((macro) => expect.stringContaining(`the macro ${macro} can add`));
    expect(listed({ Transform, Resources: {} })).toEqual(expected);
  });

  it("is listed for AWS::Include among the resources", () => {
    const include = { Name: "AWS::Include", Parameters: { Location: "s3://b/alarms.yaml" } };
    expect(listed({ Resources: { "Fn::Transform": include } })).toEqual([
      expect.stringMatching(/^Fn::Transform: a macro creates it, .* --template-stage Processed /),
    ]);
  });

  it("is not listed if its condition is false, nor are other resources", () => {
    const Resources = {
      Stack: { Type: "AWS::CloudFormation::Stack", Condition: "Never" },
      Module: { Type: "Acme::Alarms::Cis::MODULE", Condition: "Never" },
      Topic: { Type: "AWS::SNS::Topic" },
      Cleanup: { Type: "Custom::S3AutoDeleteObjects", Properties: { BucketName: "b" } },
    };
    const Conditions = { Never: { "Fn::Equals": ["a", "b"] } };
    expect(listed({ Conditions, Resources })).toEqual([]);
  });
});

it("does not treat unknown dimensions, queries and metrics as absent", () => {
  const unknown = { "Fn::GetAtt": ["Source", "Value"] };
  const alarm = (Properties: object) => ({
    Type: "AWS::CloudWatch::Alarm",
    Properties: { Statistic: "Sum", Period: 60, EvaluationPeriods: 1, ...Properties },
  });
  const Stat = { Period: 60, Stat: "Sum" };
  const metric = { MetricName: "m", Namespace: "N" };
  const names = listed({
    Resources: {
      Dimensions: alarm({ ...metric, Dimensions: unknown }),
      Dimension: alarm({ ...metric, Dimensions: [unknown] }),
      Metrics: alarm({ Metrics: unknown }),
      Query: alarm({ Metrics: [unknown] }),
      Stat: alarm({ Metrics: [{ Id: "m1", MetricStat: unknown }] }),
      Metric: alarm({ Metrics: [{ Id: "m1", MetricStat: { ...Stat, Metric: unknown } }] }),
    },
  });
  expect(names).toEqual([
    expect.stringMatching(/^Dimensions: dimensions is not known: it refers to Source\.Value/),
    expect.stringMatching(/^Dimension: dimensions is not known/),
    expect.stringMatching(/^Metrics: metric_query is not known/),
    expect.stringMatching(/^Query: metric_query is not known/),
    expect.stringMatching(/^Stat: metric_query is not known/),
    expect.stringMatching(/^Metric: metric_query is not known/),
  ]);
});

it.each([
  ["ApplyOnTransformedLogs", true],
  ["EmitSystemFieldDimensions", ["@aws.account"]],
  ["FieldSelectionCriteria", '@aws.region = "us-east-1"'],
])(
  "lists a filter with %s, which gets other events or publishes other dimensions",
  (name, value) => {
    const filter = (setting: unknown) => ({
      Type: "AWS::Logs::MetricFilter",
      Properties: {
        FilterPattern: "{ $.a = 1 }",
        MetricTransformations: [{ MetricName: "m", MetricNamespace: "N", MetricValue: "1" }],
        [name]: setting,
      },
    });
    const { filters, notReplayed } = read({
      Resources: { Set: filter(value), Off: filter(name === "ApplyOnTransformedLogs" && false) },
    });
    expect(filters.map(({ name: filterName }) => filterName)).toEqual(["Off"]);
    expect(notReplayed).toEqual([
      {
        alarm: "Set",
        unread: true,
        why: expect.stringMatching(/^[a-z_]+ is .*, which replay does not support$/),
      },
    ]);
  },
);

it("does not use the argument of an unsupported function as the value", () => {
  const template = `
Resources:
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties: { EvaluationPeriods: 1, MetricName: !Base64 m, Namespace: N, Statistic: Sum, Period: 60 }
`;
  expect(listed(template)).toEqual([
    expect.stringMatching(/^Alarm: metric_name is not known: it is the result of Fn::Base64/),
  ]);
});

it.each([
  [
    "aws_cloudformation_stack",
    { template_url: "https://b/t" },
    /its template is in https:\/\/b\/t/,
  ],
  ["aws_cloudformation_stack_set", { template_url: "https://b/t" }, /its template is in https/],
  ["awscc_cloudformation_stack", { template_url: "https://b/t" }, /its template is in https/],
  ["awscc_cloudformation_stack_set", { template_url: "https://b/t" }, /its template is in https/],
  ["aws_serverlessapplicationrepository_cloudformation_stack", {}, /its template is not in this/],
  ["aws_servicecatalog_provisioned_product", {}, /in Service Catalog/],
  ["awscc_servicecatalog_cloudformation_provisioned_product", {}, /in Service Catalog/],
  ["aws_applicationinsights_application", {}, /chooses its alarms itself/],
  ["awscc_applicationinsights_application", {}, /chooses its alarms itself/],
  ["awscc_cloudwatch_log_alarm", {}, /a scheduled Logs Insights query/],
])(
  "lists a resource of a state that may create alarms and is not read: %s",
  (type, values, why) => {
    expect(listed(state(type, values))).toEqual([expect.stringMatching(why)]);
  },
);

it("lists a resource of a plan whose provisioner runs a command that creates an alarm", () => {
  const block = (name: string, command: string) => ({
    resource: {
      address: `module.m.terraform_data.${name}`,
      mode: "managed",
      type: "terraform_data",
      name,
      values: {},
    },
    configuration: {
      mode: "managed",
      type: "terraform_data",
      name,
      provisioners: [{ type: "local-exec", expressions: { command: { constant_value: command } } }],
    },
  });
  const blocks = [block("alarm", "aws cloudwatch put-metric-alarm"), block("other", "echo done")];
  const module = { resources: blocks.map(({ configuration }) => configuration) };
  const plan = {
    planned_values: {
      root_module: {
        child_modules: [{ address: "module.m", resources: blocks.map(({ resource }) => resource) }],
      },
    },
    configuration: { root_module: { module_calls: { m: { module } } } },
  };
  expect(listed(plan)).toEqual([
    "module.m.terraform_data.alarm: its provisioner runs put-metric-alarm, which replay does not run",
  ]);
});

it("lists an alarm that a plan removes from the state but not from AWS", () => {
  const change = (name: string, action: string) => ({
    address: `aws_cloudwatch_metric_alarm.${name}`,
    mode: "managed",
    type: "aws_cloudwatch_metric_alarm",
    change: { actions: [action], after_unknown: {} },
  });
  const plan = {
    planned_values: { root_module: {} },
    configuration: { root_module: {} },
    resource_changes: [change("kept", "forget"), change("deleted", "delete")],
  };
  expect(listed(plan)).toEqual([
    expect.stringMatching(/^aws_cloudwatch_metric_alarm\.kept: the plan removes it from the state/),
  ]);
});

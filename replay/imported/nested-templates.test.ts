import { describe, expect, it } from "vitest";
import { importContent as read } from "../testing/import-content.ts";
import { planFile } from "../testing/plan-fixtures.ts";
import { importAlarms } from "./alarms.ts";
import { readAlarmFile } from "./read-file.ts";

const NESTED = `
Parameters:
  Event: { Type: String, Default: StopLogging }
Resources:
  Filter:
    Type: AWS::Logs::MetricFilter
    Properties:
      FilterName: !Ref Event
      FilterPattern: !Sub "{ $.eventName = \${Event} }"
      MetricTransformations: [{ MetricName: m, MetricNamespace: N, MetricValue: "1" }]
`;

const patterns = (...args: Parameters<typeof read>) => {
  const { filters, notReplayed } = read(...args);
  return [
    ...filters.map(({ pattern }) => pattern),
    ...notReplayed.map(({ alarm, why }) => `${alarm}: ${why}`),
  ];
};

describe("the templates of stacks that Terraform deploys", () => {
  const { alarms, filters, notReplayed } = importAlarms(readAlarmFile(planFile("stack-templates")));

  it("are read with the parameters of the stack", () => {
    expect(filters.map(({ name }) => name)).toEqual([
      "FilterStopLogging",
      "FilterDeleteTrail",
      "FilterDeleteFlowLogs",
    ]);
    expect(alarms.map(({ name, threshold }) => [name, threshold])).toEqual([
      ["cis-StopLogging", 5],
      ["cis-DeleteTrail", 5],
      // Of the stack without parameters, whose template has other actions.
      ["cis-StopLogging", 5],
      ["cis-DeleteFlowLogs", 1],
    ]);
  });

  it("are listed if they are elsewhere, or depend on unknown parameters", () => {
    expect(notReplayed).toEqual([
      {
        alarm: "aws_cloudformation_stack.elsewhere",
        unread: true,
        why: "its template is in https://templates.s3.amazonaws.com/alarms.yaml. Save it, and pass it with another --plan",
      },
      {
        alarm: "aws_cloudformation_stack.new_topic.Fn::ForEach::Events",
        unread: true,
        why: "its collection is not known: it refers to aws_sns_topic.alerts. Apply the plan, and replay the state: terraform show -json.",
      },
    ]);
  });
});

describe("a nested template", () => {
  it("is read if it is a file beside its parent, such as the CDK writes", () => {
    const Metadata = {
      "aws:asset:path": "nested.template.json",
      "aws:asset:property": "TemplateURL",
    };
    const Resources = {
      Cdk: {
        Type: "AWS::CloudFormation::Stack",
        Properties: { TemplateURL: { "Fn::Sub": "https://${AWS::URLSuffix}/x" } },
        Metadata,
      },
      Packaged: {
        Type: "AWS::CloudFormation::Stack",
        Properties: { TemplateURL: "./nested.yaml", Parameters: { Event: "DeleteTrail" } },
      },
      Sam: {
        Type: "AWS::Serverless::Application",
        Properties: { Location: "nested.yaml", Parameters: { Event: "UpdateTrail" } },
      },
    };
    expect(
      patterns({ Resources }, { "nested.template.json": NESTED, "nested.yaml": NESTED }),
    ).toEqual([
      "{ $.eventName = StopLogging }",
      "{ $.eventName = DeleteTrail }",
      "{ $.eventName = UpdateTrail }",
    ]);
  });

  it("is read from the body of a stack set", () => {
    const Parameters = [{ ParameterKey: "Event", ParameterValue: "DeleteTrail" }];
    const Properties = { TemplateBody: NESTED, Parameters };
    const Resources = { All: { Type: "AWS::CloudFormation::StackSet", Properties } };
    expect(patterns({ Resources })).toEqual(["{ $.eventName = DeleteTrail }"]);
  });

  it.each([
    [
      "in S3",
      { TemplateURL: "https://s3.amazonaws.com/b/t" },
      /^Nested: its template is in https:\/\/s3/,
    ],
    [
      "unknown",
      { TemplateURL: { Ref: "Url" } },
      /its template is not in this file\. Save it, and pass/,
    ],
    ["missing", { TemplateURL: "missing.yaml" }, /cannot read its template: ENOENT/],
    ["broken", { TemplateBody: "{" }, /its template is not valid JSON/],
    ["empty", { TemplateBody: "{}" }, /its template has no Resources/],
    [
      "its own parent",
      { TemplateURL: "loop.yaml" },
      /^Nested\.Again: its template loop\.yaml contains itself$/,
    ],
  ])("is listed if it is %s", (_, Properties, why) => {
    const Type = "AWS::CloudFormation::Stack";
    const again = { Resources: { Again: { Type, Properties: { TemplateURL: "loop.yaml" } } } };
    const read = patterns(
      { Resources: { Nested: { Type, Properties } } },
      { "loop.yaml": JSON.stringify(again) },
    );
    expect(read).toEqual([expect.stringMatching(why)]);
  });
});

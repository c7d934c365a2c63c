import { describe, expect, test } from "vitest";
import { settingsOf } from "../../settings/testing.ts";
import { synthStack } from "../../terraform/cdktf/synthesize.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { resourceOf } from "../testing/synthesized.ts";
import { RejectedTrafficAlarm } from "./rejected-traffic-alarm.ts";

function stackOf(variables: Readonly<Record<string, string>> = {}) {
  return synthStack((app) => {
    const settings = settingsOf(variables);
    const stack = new CipherwatchStack(app, "alarm", { settings });
    new RejectedTrafficAlarm(stack, "RejectedTraffic", {
      flowLogGroupName: "/cipherwatch/dev/flow",
      vpcCidr: settings.vpcCidr,
      topicArn: "arn:aws:sns:ap-southeast-2:111122223333:cipherwatch-dev-alarms",
    });
    return stack;
  });
}

const stack = stackOf();
const filter = resourceOf(stack, "aws_cloudwatch_log_metric_filter");
const alarm = resourceOf(stack, "aws_cloudwatch_metric_alarm");

describe("the alarm on rejected traffic", () => {
  test("counts rejected connections from addresses of the VPC", () => {
    expect(filter).toMatchObject({
      log_group_name: "/cipherwatch/dev/flow",
      pattern:
        "[version, account_id, interface_id, srcaddr = 172.31.*, dstaddr, srcport, dstport, protocol, packets, bytes, start, end, action = REJECT, ...]",
    });
  });

  test("reads the filter's metric", () => {
    expect(filter.metric_transformation).toMatchObject({
      namespace: alarm.namespace,
      name: alarm.metric_name,
      value: "1",
      default_value: "0",
    });
  });

  test("notifies the topic, recovers without new data and includes data that arrives late", () => {
    expect(alarm).toMatchObject({
      alarm_name: "cipherwatch-dev-rejected-traffic",
      statistic: "Sum",
      period: 300,
      evaluation_periods: 3,
      datapoints_to_alarm: 1,
      comparison_operator: "GreaterThanOrEqualToThreshold",
      threshold: 10,
      treat_missing_data: "notBreaching",
      actions_enabled: true,
      alarm_actions: ["arn:aws:sns:ap-southeast-2:111122223333:cipherwatch-dev-alarms"],
    });
  });

  test("uses and describes the threshold and the range of the settings", () => {
    const other = stackOf({ REJECTED_CONNECTIONS: "50", VPC_CIDR: "10.1.2.0/24" });
    const { pattern } = resourceOf(other, "aws_cloudwatch_log_metric_filter");
    expect(pattern).toMatch(/srcaddr = 10\.1\.2\.\*,/);
    const { threshold, alarm_description } = resourceOf(other, "aws_cloudwatch_metric_alarm");
    expect(threshold).toBe(50);
    expect(alarm_description).toMatch(/50 or more in 5 minutes/);
    expect(alarm_description).toContain("source like /^10\\.1\\.2\\./");
  });

  test("has a description within CloudWatch's limit", () => {
    expect(String(alarm.alarm_description).length).toBeLessThanOrEqual(1024);
  });
});

import { describe, expect, test } from "vitest";
import { matches } from "../../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import { FLOW_LOG_FIELDS, type FlowLogField } from "../../stacks/flow-log-format.ts";
import { deploymentOf } from "../testing/deployment.ts";

const { metricFilters, alarms, logGroups } = deploymentOf();
const named = <T extends { readonly name: string }>(all: readonly T[]) =>
  all.find(({ name }) => name === "cipherwatch-dev-rejected-traffic");
const filter = named(metricFilters);
const pattern = parsePattern(filter?.pattern ?? "");

/** Returns the flow log record of a rejected connection between tasks, to the SSH port, with some fields replaced. */
function record(fields: Partial<Record<FlowLogField, string>> = {}): string {
  const values: Readonly<Record<FlowLogField, string>> = {
    version: "5",
    "account-id": "111122223333",
    "interface-id": "eni-0a1b2c3d4e5f60718",
    srcaddr: "172.31.2.10",
    dstaddr: "172.31.4.27",
    srcport: "41522",
    dstport: "22",
    protocol: "6",
    packets: "1",
    bytes: "60",
    start: "1795132800",
    end: "1795132830",
    action: "REJECT",
    "log-status": "OK",
    "subnet-id": "subnet-0a1b2c3d4e5f60718",
    "tcp-flags": "2",
    "flow-direction": "egress",
    "pkt-srcaddr": "172.31.2.10",
    "pkt-dstaddr": "172.31.4.27",
    ...fields,
  };
  return FLOW_LOG_FIELDS.map((field) => values[field]).join(" ");
}

/** The placeholders of a record without traffic. */
const NO_TRAFFIC = Object.fromEntries(
  FLOW_LOG_FIELDS.slice(3, 10).map((field) => [field, "-"]),
) as Partial<Record<FlowLogField, string>>;

describe("the synthesized metric filter for rejected traffic", () => {
  test("reads the flow log and feeds the alarm", () => {
    expect(logGroups.map(({ name }) => name)).toContain(filter?.logGroupName);
    expect(named(alarms)).toMatchObject({
      namespace: filter?.transformation.metricNamespace,
      metricName: filter?.transformation.metricName,
    });
  });

  test.each([
    ["a connection that the task's security group rejects", record()],
    [
      "a connection that the destination's security group rejects",
      record({ "flow-direction": "ingress" }),
    ],
    [
      "a connection from a task to outside the VPC",
      record({ dstaddr: "198.51.100.20", dstport: "4444" }),
    ],
  ])("counts: %s", (_, line) => {
    expect(matches(pattern, line)).toBe(true);
  });

  test.each([
    [
      "an accepted connection from the service to the database",
      record({ dstport: "5433", action: "ACCEPT" }),
    ],
    [
      "a connection from the internet to the load balancer",
      record({ srcaddr: "203.0.113.77", dstaddr: "172.31.1.5", "flow-direction": "ingress" }),
    ],
    [
      "an address that contains the VPC's prefix but is outside it",
      record({ srcaddr: "17.172.31.9", "flow-direction": "ingress" }),
    ],
    ["a minute without traffic", record({ ...NO_TRAFFIC, action: "-", "log-status": "NODATA" })],
  ])("does not count: %s", (_, line) => {
    expect(matches(pattern, line)).toBe(false);
  });
});

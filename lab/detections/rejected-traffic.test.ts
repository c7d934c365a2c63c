import { describe, expect, test } from "vitest";
import { matches, parsePattern } from "../../cloudwatch/pattern/index.ts";
import { settingsOf } from "../../settings/testing.ts";
import { FLOW_LOG_FIELDS, type FlowLogField } from "../../stacks/flow-log-format.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { readDeployment } from "../../terraform/deployment.ts";
import { readTerraform } from "../../terraform/reader.ts";

const account = { accountId: "111122223333", region: "ap-southeast-2" };
const { metricFilters, alarms, logGroups } = readDeployment(
  readTerraform(synthesize(settingsOf()), account),
  account,
);
const named = <T extends { readonly name: string }>(all: readonly T[]) =>
  all.find(({ name }) => name === "cipherwatch-dev-rejected-traffic");
const filter = named(metricFilters);
const pattern = parsePattern(filter?.pattern ?? "");

/** A refused attempt of a task at another's SSH port, but for the given fields. */
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

/** What a record has in place of fields for which there is nothing to say. */
const NOTHING = Object.fromEntries(
  FLOW_LOG_FIELDS.slice(3, 10).map((field) => [field, "-"]),
) as Partial<Record<FlowLogField, string>>;

describe("rejected traffic, as the stacks have it", () => {
  test("is counted in the flow log and alarmed on", () => {
    expect(logGroups.map(({ name }) => name)).toContain(filter?.logGroupName);
    expect(named(alarms)).toMatchObject({
      namespace: filter?.transformation.metricNamespace,
      metricName: filter?.transformation.metricName,
    });
  });

  test.each([
    ["a task tries what its group does not let it reach", record()],
    ["what it tried is refused where it arrives", record({ "flow-direction": "ingress" })],
    ["a task tries to leave the VPC", record({ dstaddr: "198.51.100.20", dstport: "4444" })],
  ])("counts: %s", (_, line) => {
    expect(matches(pattern, line)).toBe(true);
  });

  test.each([
    ["the service reaches the database", record({ dstport: "5433", action: "ACCEPT" })],
    [
      "the internet knocks at the load balancer",
      record({ srcaddr: "203.0.113.77", dstaddr: "172.31.1.5", "flow-direction": "ingress" }),
    ],
    [
      "an address that only looks like the VPC's",
      record({ srcaddr: "17.172.31.9", "flow-direction": "ingress" }),
    ],
    ["no traffic in the minute", record({ ...NOTHING, action: "-", "log-status": "NODATA" })],
  ])("does not count: %s", (_, line) => {
    expect(matches(pattern, line)).toBe(false);
  });
});

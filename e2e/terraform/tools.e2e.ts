import { expect, test } from "vitest";
import { inDependencyOrder, reverseDependencies } from "./dependency-order.ts";
import { differences } from "./differences.ts";
import type { Call } from "./emulator.ts";
import { deniedActions, requiredActions } from "./permissions.ts";
import { unexpectedRemainders } from "./remainders.ts";
import { findSecrets } from "./secrets.ts";
import { describeChanges } from "./terraform.ts";

/** Tests the helpers of this suite. */
test("finds nested differences and values that are not known yet", () => {
  const before = { name: "a", tags: { Stack: "x" }, rule: [{ days: 7 }], gone: "y" };
  const after = { name: "a", tags: { Stack: "z" }, rule: [{ days: 8 }], id: null };
  expect(differences(before, after, { arn: true }).sort()).toEqual([
    "arn",
    "gone",
    "rule.0.days",
    "tags.Stack",
  ]);
  expect(differences({ a: null, b: [] }, { b: [] })).toEqual([]);
});

test("describes updates by attribute, and ignores expected remainders", () => {
  const change = { address: "aws_x.Y", type: "aws_x", attributes: ["a.b"] };
  expect(describeChanges([{ ...change, actions: ["update"] }])).toEqual(["aws_x.Y: a.b"]);
  expect(describeChanges([{ ...change, actions: ["delete", "create"] }])).toEqual([
    "aws_x.Y: delete and create",
  ]);
  expect(unexpectedRemainders(["kms Key Enabled arn", "kms Key PendingDeletion arn"])).toEqual([
    "kms Key Enabled arn",
  ]);
});

test("runs steps in dependency order up to the limit, and skips dependents of a failed step", async () => {
  const dependencies = new Map([
    ["database", ["network"]],
    ["network", []],
    ["kms", []],
    ["service", ["database", "kms"]],
  ]);
  const finished: string[] = [];
  let running = 0;
  let maxRunning = 0;
  const step = (failing?: string) => async (stack: string) => {
    running += 1;
    maxRunning = Math.max(maxRunning, running);
    await new Promise(setImmediate);
    running -= 1;
    if (stack === failing) throw new Error("broken");
    finished.push(stack);
  };
  await Promise.all(inDependencyOrder(dependencies, 2, step()).values());
  expect(maxRunning).toBe(2);
  expect(finished.indexOf("network")).toBeLessThan(finished.indexOf("database"));
  expect(finished.at(-1)).toBe("service");

  const results = inDependencyOrder(dependencies, 2, step("database"));
  await expect(results.get("kms")).resolves.toBeUndefined();
  await expect(results.get("database")).rejects.toThrow("broken");
  await expect(results.get("service")).rejects.toThrow(
    /service was not run: its dependency database failed/,
  );
  expect(reverseDependencies(dependencies).get("network")).toEqual(["database"]);
});

test("finds secrets by pattern, value and attribute without repeating them", () => {
  const secret = "s3cr3t-value";
  const find = (text: string) => findSecrets("place", text, { "the password": secret });
  expect(find(`{"outputs": {"x": {"value": "${secret}"}}}`)).toEqual(["place: the password"]);
  expect(find("-----BEGIN RSA PRIVATE KEY-----")).toEqual(["place: a private key"]);
  expect(find("postgres://user:word@host/db")).toEqual(["place: a password in a URL"]);
  expect(find('{"resources": [{"attributes": {"master_password": "x"}}]}')).toEqual([
    "place: a value of resources.0.attributes.master_password",
  ]);
  expect(find('{"password": null, "manage_master_user_password": true, "x": ""}')).toEqual([]);
});

test("maps calls to IAM actions and matches action patterns", () => {
  const call = (part: Partial<Call>): Call => ({
    service: "s3",
    operation: null,
    method: "GET",
    path: "/bucket",
    query: "",
    ...part,
  });
  expect(
    requiredActions([
      call({ service: "monitoring", operation: "PutMetricAlarm", method: "POST" }),
      call({ service: "sts", operation: "GetCallerIdentity", method: "POST" }),
      call({ query: "encryption=" }),
      call({ query: "lifecycle", method: "DELETE" }),
      call({ method: "HEAD" }),
      call({ method: "DELETE" }),
      call({ method: "PUT", path: "/bucket/some/key" }),
    ]),
  ).toEqual([
    "cloudwatch:PutMetricAlarm",
    "s3:DeleteBucket",
    "s3:GetEncryptionConfiguration",
    "s3:ListBucket",
    "s3:PutLifecycleConfiguration",
    "s3:PutObject",
  ]);
  expect(() => requiredActions([call({ service: "newservice" })])).toThrow(
    /No IAM action is known/,
  );
  const statements = [
    { effect: "Allow", actions: ["kms:Describe*", "s3:GetObject"] },
    { effect: "Deny", actions: ["ec2:RunInstances"] },
  ];
  expect(deniedActions(["kms:DescribeKey", "kms:Decrypt", "ec2:RunInstances"], statements)).toEqual(
    ["kms:Decrypt", "ec2:RunInstances"],
  );
});

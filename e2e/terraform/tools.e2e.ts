import { expect, test } from "vitest";
import { differences } from "./differences.ts";
import type { Call } from "./emulator.ts";
import { unexcused, unexcusedRemainders } from "./excused.ts";
import { inOrder, reversed } from "./in-order.ts";
import { actionsOf, notAllowed } from "./permissions.ts";
import { secretsIn } from "./secrets.ts";

/** That the suite's own tools see what they are there to see. */
test("a difference is found wherever it is, and so is what is not known yet", () => {
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

test("only an update can be excused, and each of its attributes by itself", () => {
  const change = { address: "aws_x.Y", type: "aws_x", attributes: ["a.b"] };
  expect(unexcused([{ ...change, actions: ["update"] }])).toEqual(["aws_x.Y: a.b"]);
  expect(unexcused([{ ...change, actions: ["delete", "create"] }])).toEqual([
    "aws_x.Y: delete and create",
  ]);
  expect(unexcusedRemainders(["kms Key Enabled arn", "kms Key PendingDeletion arn"])).toEqual([
    "kms Key Enabled arn",
  ]);
});

test("steps run after those they depend on, no more at once than allowed, and not after a failure", async () => {
  const dependencies = new Map([
    ["database", ["network"]],
    ["network", []],
    ["kms", []],
    ["service", ["database", "kms"]],
  ]);
  const finished: string[] = [];
  let running = 0;
  let most = 0;
  const step = (failing?: string) => async (stack: string) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    running -= 1;
    if (stack === failing) throw new Error("broken");
    finished.push(stack);
  };
  await Promise.all(inOrder(dependencies, 2, step()).values());
  expect(most).toBe(2);
  expect(finished.indexOf("network")).toBeLessThan(finished.indexOf("database"));
  expect(finished.at(-1)).toBe("service");

  const results = inOrder(dependencies, 2, step("database"));
  await expect(results.get("kms")).resolves.toBeUndefined();
  await expect(results.get("database")).rejects.toThrow("broken");
  await expect(results.get("service")).rejects.toThrow(/service was not tried: database, which/);
  expect(reversed(dependencies).get("network")).toEqual(["database"]);
});

test("secrets are found by shape, by value and by attribute, and never repeated", () => {
  const secret = "s3cr3t-value";
  const found = (text: string) => secretsIn("place", text, { "the password": secret });
  expect(found(`{"outputs": {"x": {"value": "${secret}"}}}`)).toEqual(["place: the password"]);
  expect(found("-----BEGIN RSA PRIVATE KEY-----")).toEqual(["place: a private key"]);
  expect(found("postgres://user:word@host/db")).toEqual(["place: a password in a URL"]);
  expect(found('{"resources": [{"attributes": {"master_password": "x"}}]}')).toEqual([
    "place: a value of resources.0.attributes.master_password",
  ]);
  expect(found('{"password": null, "manage_master_user_password": true, "x": ""}')).toEqual([]);
});

test("calls become IAM's actions, and patterns of actions are understood", () => {
  const call = (part: Partial<Call>): Call => ({
    service: "s3",
    operation: null,
    method: "GET",
    path: "/bucket",
    query: "",
    ...part,
  });
  expect(
    actionsOf([
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
  expect(() => actionsOf([call({ service: "newservice" })])).toThrow(/No IAM action is known/);
  const statements = [
    { effect: "Allow", actions: ["kms:Describe*", "s3:GetObject"] },
    { effect: "Deny", actions: ["ec2:RunInstances"] },
  ];
  expect(notAllowed(["kms:DescribeKey", "kms:Decrypt", "ec2:RunInstances"], statements)).toEqual([
    "kms:Decrypt",
    "ec2:RunInstances",
  ]);
});

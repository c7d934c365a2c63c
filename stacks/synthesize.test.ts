import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group/index.js";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key/index.js";
import { describe, expect, test } from "vitest";
import { CipherwatchStack } from "./cipherwatch-stack.ts";
import { synthesize, synthesizeApp, type TerraformJson } from "./synthesize.ts";
import { type PolicyStatement, resourceOf, settingsOf } from "./testing.ts";

/** Actions for which IAM knows no resource but "*". */
const WITHOUT_RESOURCE = ["ecr:GetAuthorizationToken"];

test.each(["dev", "prod"])("%s has what the alarms need before the alarms", (env) => {
  const ids = [...synthesize(settingsOf({ ENV: env })).keys()];
  expect(ids.filter((id) => ["kms", "trail", "alarm"].includes(id))).toEqual([
    "kms",
    "trail",
    "alarm",
  ]);
});

test("a reference across stacks becomes an output of one and a remote state of the other", () => {
  const stacks = synthesizeApp((app) => {
    const settings = settingsOf();
    const giver = new CipherwatchStack(app, "giver", { settings });
    const taker = new CipherwatchStack(app, "taker", { settings });
    const key = new KmsKey(giver, "Key", {});
    new CloudwatchLogGroup(taker, "Logs", { name: "logs", kmsKeyId: key.arn });
  });
  const reference = /^\$\{data\.terraform_remote_state\.(.+)\.outputs\.(.+)\}$/;
  const taken = resourceOf(taker(stacks), "aws_cloudwatch_log_group").kms_key_id;
  const [, state = "", output = ""] = reference.exec(String(taken)) ?? [];
  expect(taker(stacks).data?.terraform_remote_state?.[state]).toMatchObject({
    backend: "local",
    config: { path: "../../../tfstate/dev/giver.tfstate" },
  });
  expect(stacks.get("giver")?.output?.[output]).toMatchObject({ value: "${aws_kms_key.Key.arn}" });
});

function taker(stacks: ReturnType<typeof synthesizeApp>) {
  const stack = stacks.get("taker");
  if (stack === undefined) throw new Error("There is no stack taker.");
  return stack;
}

describe.each(["dev", "prod"])("the output of %s", (env) => {
  const stacks = synthesize(settingsOf({ ENV: env }));
  const text = JSON.stringify([...stacks]);

  test("holds no token that CDKTF left unresolved", () => {
    expect(text).not.toMatch(/TfToken|TOKEN\.|\[object Object\]/);
  });

  test("names no folder of the machine that made it", () => {
    expect(text).not.toContain(process.cwd());
  });

  test("allows no action by a wildcard, and no resource by one where IAM knows a name", () => {
    for (const [id, stack] of stacks) {
      const documents = Object.entries(stack.data?.aws_iam_policy_document ?? {});
      const policiesOfKeys = Object.values(stack.resource?.aws_kms_key ?? {}).map((key) =>
        String(key.policy),
      );
      for (const [name, document] of documents) {
        const ofKey = policiesOfKeys.includes(`\${data.aws_iam_policy_document.${name}.json}`);
        for (const statement of document.statement as readonly PolicyStatement[]) {
          if (statement.effect === "Deny") continue;
          const where = `${id} ${name} ${statement.sid}`;
          expect(
            statement.actions.filter((action) => action.includes("*")),
            where,
          ).toEqual([]);
          const nameable = statement.actions.some((action) => !WITHOUT_RESOURCE.includes(action));
          // In a key's own policy the resource "*" is that key.
          if (nameable && !ofKey) expect(statement.resources ?? [], where).not.toContain("*");
        }
      }
    }
  });

  test("lets no policy allow everybody", () => {
    for (const stack of stacks.values()) {
      const documents = Object.entries(stack.data?.aws_iam_policy_document ?? {});
      for (const [name, document] of documents) {
        if (limitsEndpoint(stack, name)) continue;
        for (const statement of document.statement as readonly PolicyStatement[]) {
          const everybody = (statement.principals ?? []).some(({ identifiers }) =>
            identifiers.includes("*"),
          );
          if (everybody) expect(statement.effect).toBe("Deny");
        }
      }
    }
  });
});

/** The policy of a VPC endpoint grants nothing: it limits what roles have been granted elsewhere. */
function limitsEndpoint(stack: TerraformJson, document: string): boolean {
  return Object.values(stack.resource?.aws_vpc_endpoint ?? {}).some(
    ({ policy }) => policy === `\${data.aws_iam_policy_document.${document}.json}`,
  );
}

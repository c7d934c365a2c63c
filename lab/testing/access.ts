import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Deployment } from "../../terraform/deployment.ts";
import { type AwsClient, createAwsClient } from "../attack/aws-client.ts";
import type { LabClient } from "../attack/lab-client.ts";
import { deployedScope } from "../scope.ts";
import { account, deploymentOf } from "./deployment.ts";
import { manualClock } from "./manual-clock.ts";
import { startTestAws } from "./start-aws.ts";

export const NOW = Date.UTC(2026, 2, 2, 9);

const deployments = new Map<object, Deployment>();

/** Returns the deployment of some settings. Synthesizes each only once. */
export function deploymentFor(variables: Readonly<Record<string, string>>): Deployment {
  const deployment = deployments.get(variables) ?? deploymentOf(variables);
  deployments.set(variables, deployment);
  return deployment;
}

/** Starts the AWS endpoint of a deployment, and clients for the service and for mallory. */
export async function startAccess(variables: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-access-"));
  const deployment = deploymentFor(variables);
  const aws = await startTestAws({ deployment, clock: manualClock(NOW), folder });
  onTestFinished(async () => {
    await aws.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const scope = deployedScope(variables.ENV ?? "dev", deployment, {
    rolePath: variables.ROLE_PATH ?? "/",
    customerManagedKeys: variables.CUSTOMER_MANAGED_KEYS === "records" ? "records" : "all",
  });
  const clientFor = (accessKeyId: string): AwsClient =>
    createAwsClient({
      endpoint: aws.url,
      region: account.region,
      credentials: { accessKeyId },
      onCall: () => {},
    });
  const lab = {
    scope,
    attacker: clientFor("mallory"),
    attackerArn: `arn:aws:iam::${account.accountId}:user/mallory`,
    clientFor,
  } as LabClient;
  const clientOf = (roleName: string) => clientFor(aws.assumeRole(roleName, "task").accessKeyId);
  const lastRecord = () => aws.services.cloudTrail.recent(1)[0]?.event;
  return { aws, lab, scope, deployment, clientOf, lastRecord };
}

import type { Environment } from "../../common/environment.ts";
import { keyAlias } from "../../common/naming.ts";
import type { CloudTrailRecord } from "../../detections/detection.ts";
import {
  createDetectionScope,
  createExampleScope,
  type DetectionScope,
  EXAMPLE_ACCOUNT,
  type ScopeKeyArns,
} from "../../detections/scope.ts";
import type { Deployment } from "../../terraform/deployment.ts";
import type { Account } from "../../terraform/reader.ts";

/** What the detections watch in the lab, where nothing is left for Terraform to fill in. */
export function labScope(
  env: Environment,
  { accountId, region }: Account,
  keys: ScopeKeyArns,
): DetectionScope {
  const arnOf = (service: string, place: string, resource: string) =>
    `arn:aws:${service}:${place}:${accountId}:${resource}`;
  return createDetectionScope(
    env,
    {
      globalArn: (service, resource) => arnOf(service, "", resource),
      regionalArn: (service, resource) => arnOf(service, region, resource),
    },
    keys,
  );
}

/** @throws Error naming the alias that no key of the deployment has */
export function deployedScope(env: Environment, deployment: Deployment): DetectionScope {
  const arnOf = (part?: string) => {
    const alias = keyAlias(env, part);
    const key = deployment.keys.find(({ aliases }) => aliases.includes(alias));
    if (key === undefined) throw new Error(`The stacks give no key the alias ${alias}.`);
    return key.arn;
  };
  return labScope(env, deployment, {
    keyArn: arnOf(),
    trailKeyArn: arnOf("trail"),
    topicKeyArn: arnOf("alarms"),
  });
}

const EXAMPLE_REGION = "ap-southeast-2";

/** A detection's example record, told of what the lab watches in place of what the example does. */
export function retargetRecord(
  record: CloudTrailRecord,
  scope: DetectionScope,
  { accountId, region }: Account,
): CloudTrailRecord {
  const example = createExampleScope("dev", EXAMPLE_REGION);
  const replacements = [
    [example.keyArn, scope.keyArn],
    [example.trailKeyArn, scope.trailKeyArn],
    [example.topicKeyArn, scope.topicKeyArn],
    [example.trailLogGroupName, scope.trailLogGroupName],
    [example.namePrefix, scope.namePrefix],
    [EXAMPLE_ACCOUNT, accountId],
    [EXAMPLE_REGION, region],
  ] as const;
  const text = replacements.reduce(
    (text, [from, to]) => text.replaceAll(from, to),
    JSON.stringify(record),
  );
  return JSON.parse(text);
}

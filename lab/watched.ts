import type { CloudTrailRecord } from "../stacks/detections/detection.ts";
import {
  EXAMPLE_ACCOUNT,
  exampleWatchedIn,
  type Watched,
  type WatchedKeys,
  watchedIn,
} from "../stacks/detections/watched.ts";
import type { Environment } from "../stacks/environment.ts";
import { keyAlias } from "../stacks/naming.ts";
import type { Deployment } from "./deployment.ts";
import type { Account } from "./terraform.ts";

/** What the detections watch in the lab, where nothing is left for Terraform to fill in. */
export function labWatched(
  env: Environment,
  { accountId, region }: Account,
  keys: WatchedKeys,
): Watched {
  const arnOf = (service: string, place: string, resource: string) =>
    `arn:aws:${service}:${place}:${accountId}:${resource}`;
  return watchedIn(
    env,
    {
      globalArn: (service, resource) => arnOf(service, "", resource),
      regionalArn: (service, resource) => arnOf(service, region, resource),
    },
    keys,
  );
}

/** @throws Error naming the alias that no key of the deployment has */
export function deployedWatched(env: Environment, deployment: Deployment): Watched {
  const arnOf = (part?: string) => {
    const alias = keyAlias(env, part);
    const key = deployment.keys.find(({ aliases }) => aliases.includes(alias));
    if (key === undefined) throw new Error(`The stacks give no key the alias ${alias}.`);
    return key.arn;
  };
  return labWatched(env, deployment, {
    keyArn: arnOf(),
    trailKeyArn: arnOf("trail"),
    topicKeyArn: arnOf("alarms"),
  });
}

const EXAMPLE_REGION = "ap-southeast-2";

/** A detection's example record, told of what the lab watches in place of what the example does. */
export function aboutLab(
  record: CloudTrailRecord,
  watched: Watched,
  { accountId, region }: Account,
): CloudTrailRecord {
  const example = exampleWatchedIn("dev", EXAMPLE_REGION);
  const replacements = [
    [example.keyArn, watched.keyArn],
    [example.trailKeyArn, watched.trailKeyArn],
    [example.topicKeyArn, watched.topicKeyArn],
    [example.trailLogGroupName, watched.trailLogGroupName],
    [example.namePrefix, watched.namePrefix],
    [EXAMPLE_ACCOUNT, accountId],
    [EXAMPLE_REGION, region],
  ] as const;
  const text = replacements.reduce(
    (text, [from, to]) => text.replaceAll(from, to),
    JSON.stringify(record),
  );
  return JSON.parse(text);
}

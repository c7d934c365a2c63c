import type { DeployedKey } from "./access.ts";
import type { Account } from "./reader.ts";

/** Settings that name resources which the account has without the stacks. */
export interface ExistingResources {
  readonly trailLogGroup?: string | undefined;
  readonly trailArn?: string | undefined;
  readonly urgentTopicArn?: string | undefined;
  readonly routineTopicArn?: string | undefined;
  /** Public addresses of NAT gateways. */
  readonly natAddresses?: readonly string[];
  /** KMS keys, with the aliases by which they are found here. */
  readonly keys?: readonly { readonly arn: string; readonly alias: string }[];
}

/** What is known of the resources that the settings name. */
export function existingResources(settings: ExistingResources, account: Account) {
  const { trailLogGroup, trailArn } = settings;
  return {
    trails: trailLogGroup === undefined ? [] : [existingTrail(trailLogGroup, trailArn, account)],
    ...existingTopics(settings),
    keys: (settings.keys ?? []).map((key) => existingKey(key, account)),
  };
}

/** An existing key with the default key policy, which leaves its use to IAM policies. */
function existingKey(
  { arn, alias }: { readonly arn: string; readonly alias: string },
  { accountId }: Account,
): DeployedKey {
  return {
    address: `existing/${alias}`,
    keyId: arn.slice(arn.lastIndexOf("/") + 1),
    arn,
    description: "A key that exists without the stacks",
    aliases: [alias],
    policy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${accountId}:root` },
          Action: "kms:*",
          Resource: "*",
        },
      ],
    }),
    tags: {},
  };
}

/** Existing topics, each with an email subscription in place of their owner's. */
function existingTopics({ urgentTopicArn, routineTopicArn }: ExistingResources) {
  const arns = [urgentTopicArn, routineTopicArn].filter((arn) => arn !== undefined);
  const topics = [...new Set(arns)].map((arn) => ({
    name: arn.slice(arn.lastIndexOf(":") + 1),
    arn,
  }));
  const subscriptions = topics.map(({ name, arn }) => ({
    arn: `${arn}:existing`,
    topicArn: arn,
    protocol: "email",
    endpoint: `${name}@example.com`,
  }));
  return { topics, subscriptions };
}

/** An existing trail. Only its log group is known. */
function existingTrail(
  logGroupName: string,
  trailArn: string | undefined,
  { accountId, region }: Account,
) {
  const arnOf = (service: string, resource: string) =>
    `arn:aws:${service}:${region}:${accountId}:${resource}`;
  const arn = trailArn ?? arnOf("cloudtrail", "trail/existing");
  const [, , , homeRegion = region] = arn.split(":");
  return {
    logGroup: { name: logGroupName, arn: arnOf("logs", `log-group:${logGroupName}`) },
    trail: {
      name: arn.slice(arn.lastIndexOf("/") + 1),
      arn,
      homeRegion,
      multiRegion: true,
      logGroupName,
    },
  };
}

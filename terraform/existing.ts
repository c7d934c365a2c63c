import type { DeployedKey } from "./access.ts";
import type { Account } from "./reader.ts";

/** Settings that name resources which the stacks use but do not create. */
export interface ExistingResources {
  readonly trailLogGroup?: string | undefined;
  readonly trailArn?: string | undefined;
  readonly urgentTopicArn?: string | undefined;
  readonly routineTopicArn?: string | undefined;
  /** Public addresses of NAT gateways. */
  readonly natAddresses?: readonly string[];
  /** KMS keys, with the aliases that the stacks would give them. */
  readonly keys?: readonly ExistingKey[];
}

export interface ExistingKey {
  readonly arn: string;
  readonly alias: string;
  /** ARNs of the roles that use it. */
  readonly userArns: readonly string[];
}

/** Describes the resources that the settings name, with placeholders for what the settings do not contain. */
export function existingResources(settings: ExistingResources, account: Account) {
  const { trailLogGroup, trailArn } = settings;
  return {
    trails: trailLogGroup === undefined ? [] : [existingTrail(trailLogGroup, trailArn, account)],
    ...existingTopics(settings),
    keys: (settings.keys ?? []).map((key) => existingKey(key, account)),
  };
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html */
const ADMINISTER = [
  "kms:CancelKeyDeletion",
  "kms:Delete*",
  "kms:Describe*",
  "kms:Disable*",
  "kms:Enable*",
  "kms:Get*",
  "kms:List*",
  "kms:Put*",
  "kms:Revoke*",
  "kms:ScheduleKeyDeletion",
  "kms:TagResource",
  "kms:UntagResource",
  "kms:Update*",
];

/** Describes an existing key. Its placeholder policy lets the account manage it, and only the service's roles use it. */
function existingKey({ arn, alias, userArns }: ExistingKey, { accountId }: Account): DeployedKey {
  const account = { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${accountId}:root` } };
  return {
    address: `existing/${alias}`,
    keyId: arn.slice(arn.lastIndexOf("/") + 1),
    arn,
    description: "A key that the stacks do not create",
    aliases: [alias],
    policy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { ...account, Action: ADMINISTER, Resource: "*" },
        {
          ...account,
          Action: ["kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncrypt*"],
          Resource: "*",
          Condition: { ArnEquals: { "aws:PrincipalArn": userArns } },
        },
      ],
    }),
    tags: {},
  };
}

/** Describes existing topics, each with a placeholder for the subscriptions of their owner. */
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

/** Describes an existing trail. Only its log group is known, and possibly its ARN. */
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

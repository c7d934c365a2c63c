import { trailLogGroupName } from "../common/naming.ts";
import type * as alarms from "./alarms.ts";
import type * as general from "./general.ts";
import { BUCKET } from "./general.ts";
import type * as keysAndLogs from "./keys-and-logs.ts";
import type * as network from "./network.ts";
import { listOf, textsOf } from "./schemas.ts";
import type * as service from "./service.ts";
import { type Refinement, same, setting, text, type ValuesOf } from "./setting.ts";

// FIFO topics, whose names end with .fifo, do not match: EventBridge and email do not support them.
const TOPIC_ARN = /^arn:aws[\w-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/;
const TOPIC_ALLOWED = "the ARN of a standard topic, such as arn:aws:sns:REGION:ACCOUNT:NAME";
const KEY_ARN = /^arn:aws[\w-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/;

export const settings = {
  // https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
  trailLogGroup: setting({
    description:
      "Log group of an existing trail, in this account and region, for the detections to read instead of a new trail. It can belong to an organization trail, if it is in this account.",
    schema: text(/^[\w./#-]{1,512}$/, "is not the name of a log group").optional(),
    allowed: "the name of a log group, such as aws-cloudtrail-logs-111122223333-1a2b3c4d",
    next: "copy the name, not the ARN, from `aws cloudtrail describe-trails`, or unset it to create a trail",
  }),

  trailArn: setting({
    description:
      "ARN of the existing trail, which the service checks if CIPHERWATCH_DECRYPT_WITHOUT_TRAIL requires it.",
    schema: text(
      /^arn:aws[\w-]*:cloudtrail:[a-z0-9-]+:\d{12}:trail\/[\w.-]{3,128}$/,
      "is not the ARN of a trail",
    ).optional(),
    allowed: "the ARN of a trail, such as arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME",
    next: "copy TrailARN from `aws cloudtrail describe-trails`, or unset it",
  }),

  trailKeyArn: setting({
    description:
      "KMS key of the existing trail, whose changes kms-key-change also reports. Not covered if unset.",
    schema: text(KEY_ARN, "is not the ARN of a KMS key").optional(),
    allowed: "the ARN of a key, not of an alias, such as arn:aws:kms:REGION:ACCOUNT:key/ID",
    next: "copy KmsKeyId from `aws cloudtrail describe-trails`, or unset it",
  }),

  trailBucket: setting({
    description:
      "Bucket of the existing trail, whose changes trail-change also reports. Not covered if unset.",
    schema: text(BUCKET, "is not a valid S3 bucket name").optional(),
    allowed: "3 to 63 lowercase letters, digits, dots and hyphens, but no two dots in a row",
    next: "copy S3BucketName from `aws cloudtrail describe-trails`, or unset it",
  }),

  vpcId: setting({
    description: "Existing VPC to deploy into, instead of a new one.",
    schema: text(/^vpc-[0-9a-f]{8,17}$/, "is not the ID of a VPC").optional(),
    allowed: "the ID of a VPC of the account and region, such as vpc-0a1b2c3d4e5f60718",
    next: "copy it from `aws ec2 describe-vpcs`, or unset it to create a VPC",
  }),

  publicSubnetIds: setting({
    description:
      "Subnets of the existing VPC for the load balancer, with a route to an internet gateway.",
    schema: listOf(validateSubnetId),
    defaults: same([]),
    allowed: "comma-separated IDs of subnets in two or more Availability Zones",
    next: "copy them from `aws ec2 describe-subnets`, or unset it",
  }),

  privateSubnetIds: setting({
    description:
      "Subnets of the existing VPC for the tasks and the database, with a route to AWS through a NAT gateway or VPC endpoints.",
    schema: listOf(validateSubnetId),
    defaults: same([]),
    allowed: "comma-separated IDs of subnets in two or more Availability Zones",
    next: "copy them from `aws ec2 describe-subnets`, or unset it",
  }),

  existingKeys: setting<Readonly<Record<string, string>>>({
    description:
      "Existing KMS keys for the records, instead of new ones, by their generation in CIPHERWATCH_KEY_GENERATIONS.",
    schema: textsOf(validateKey),
    defaults: same({}),
    allowed:
      "comma-separated generation=ARN of a key in this account and region, such as 1=arn:aws:kms:REGION:ACCOUNT:key/ID",
    next: "copy the ARN from `aws kms describe-key`, or unset it to create the keys",
  }),

  urgentTopicArn: setting({
    description:
      "Existing SNS topic for alarms that page someone, instead of a new topic with a subscription of CIPHERWATCH_PAGER_EMAIL.",
    schema: text(TOPIC_ARN, "is not the ARN of a standard SNS topic").optional(),
    allowed: TOPIC_ALLOWED,
    next: "copy it from `aws sns list-topics`, or unset it to create topics",
  }),

  routineTopicArn: setting({
    description:
      "Existing SNS topic for alarms that can wait for office hours. It can be the same as CIPHERWATCH_URGENT_TOPIC_ARN.",
    schema: text(TOPIC_ARN, "is not the ARN of a standard SNS topic").optional(),
    allowed: TOPIC_ALLOWED,
    next: "copy it from `aws sns list-topics`, or unset it to create topics",
  }),

  topicKeyArn: setting({
    description:
      "KMS key of the existing topics, whose changes kms-key-change reports. It also encrypts the canary's topic and the queues, for which the stacks otherwise create a key.",
    schema: text(KEY_ARN, "is not the ARN of a KMS key").optional(),
    allowed: "the ARN of a key, not of an alias, such as arn:aws:kms:REGION:ACCOUNT:key/ID",
    next: "copy KmsMasterKeyId from `aws sns get-topic-attributes`, or unset it",
  }),
};

function validateKey(generation: string, arn: string): string | undefined {
  if (!/^[1-9]\d?$/.test(generation))
    return `has ${JSON.stringify(generation)}, which is not the number of a generation`;
  return KEY_ARN.test(arn)
    ? undefined
    : `has ${JSON.stringify(arn)} for ${generation}, which is not the ARN of a KMS key`;
}

type TopicField = "urgentTopicArn" | "routineTopicArn";

type Values = ValuesOf<typeof settings> &
  Pick<ValuesOf<typeof general.settings>, "env" | "accountId" | "region"> &
  Pick<ValuesOf<typeof network.settings>, "vpcEndpoints"> &
  Pick<ValuesOf<typeof service.settings>, "decryptWithoutTrail"> &
  Pick<ValuesOf<typeof keysAndLogs.settings>, "keyGenerations"> &
  Pick<ValuesOf<typeof alarms.settings>, "alertEmail" | "pagerEmail">;

/** Apply only to the service. The stacks that monitor other keys may use the service's trail as an existing one. */
export const serviceRefinements: readonly Refinement<Values>[] = [
  {
    fields: ["trailLogGroup", "env"],
    check: ({ trailLogGroup, env }) =>
      trailLogGroup === trailLogGroupName(env) &&
      "is the log group of this environment's own trail, which would no longer be deployed",
    allowed: "the log group of another trail",
    next: "unset it to keep the trail of the stacks, or set the log group of an existing one",
  },
];

export const refinements: readonly Refinement<Values>[] = [
  {
    fields: ["trailArn", "trailLogGroup", "decryptWithoutTrail"],
    check: ({ trailArn, trailLogGroup, decryptWithoutTrail }) =>
      trailArn === undefined &&
      trailLogGroup !== undefined &&
      decryptWithoutTrail !== "allow" &&
      `must be set: CIPHERWATCH_DECRYPT_WITHOUT_TRAIL is ${decryptWithoutTrail}, and the service cannot tell which trail to check`,
    allowed: "the ARN of the trail that delivers to CIPHERWATCH_TRAIL_LOG_GROUP",
    next: "copy TrailARN from `aws cloudtrail describe-trails`, or unset CIPHERWATCH_DECRYPT_WITHOUT_TRAIL",
  },
  {
    fields: ["trailArn", "region", "vpcEndpoints", "decryptWithoutTrail"],
    check: ({ trailArn, region, vpcEndpoints, decryptWithoutTrail }) =>
      trailArn !== undefined &&
      vpcEndpoints &&
      decryptWithoutTrail !== "allow" &&
      !trailArn.includes(`:${region}:`) &&
      `is a trail of a region other than ${region}, which the service cannot reach through VPC endpoints`,
    allowed: "a trail of CIPHERWATCH_REGION, if CIPHERWATCH_VPC_ENDPOINTS is true",
    next: "unset CIPHERWATCH_DECRYPT_WITHOUT_TRAIL",
  },
  needsTrail("trailArn"),
  subnetsOf("publicSubnetIds"),
  subnetsOf("privateSubnetIds"),
  {
    fields: ["privateSubnetIds", "publicSubnetIds"],
    check: ({ privateSubnetIds, publicSubnetIds }) => {
      const both = privateSubnetIds.find((id) => publicSubnetIds.includes(id));
      return both !== undefined && `has ${both}, which is also in CIPHERWATCH_PUBLIC_SUBNET_IDS`;
    },
    allowed: "subnets other than those of CIPHERWATCH_PUBLIC_SUBNET_IDS",
    next: "set it to subnets without a route to an internet gateway: the database must not be public",
  },
  {
    fields: ["vpcId", "vpcEndpoints"],
    check: ({ vpcId, vpcEndpoints }) =>
      vpcId !== undefined &&
      vpcEndpoints &&
      "must not be set with CIPHERWATCH_VPC_ENDPOINTS: private DNS names belong to the whole VPC, so the endpoints would also affect or break other workloads",
    allowed: "an existing VPC only if CIPHERWATCH_VPC_ENDPOINTS is false",
    next: "set CIPHERWATCH_VPC_ENDPOINTS to false; the tasks use the NAT gateways or endpoints that the VPC has",
  },
  needsTrail("trailKeyArn"),
  needsTrail("trailBucket"),
  keyOfAccount("trailKeyArn"),
  {
    fields: ["existingKeys", "keyGenerations", "region", "accountId"],
    check: ({ existingKeys, keyGenerations, region, accountId }) => {
      const arns = Object.values(existingKeys);
      if (new Set(arns).size !== arns.length) return "names a key twice";
      return Object.entries(existingKeys).flatMap(([generation, arn]) => {
        const [, , , keyRegion, keyAccount] = arn.split(":");
        if (!keyGenerations.includes(Number(generation)))
          return `has a key for generation ${generation}, which is not in CIPHERWATCH_KEY_GENERATIONS`;
        if (keyRegion !== region)
          return `has a key in a region other than ${region}, which the service does not call`;
        return accountId !== undefined && keyAccount !== accountId
          ? `has a key of an account other than CIPHERWATCH_ACCOUNT_ID, ${accountId}: CloudTrail records its changes there`
          : [];
      });
    },
    allowed: "one key of the account and region for a generation in CIPHERWATCH_KEY_GENERATIONS",
    next: "name a key of the account and region, add its generation, or unset it",
  },
  topicOfPair("urgentTopicArn", "routineTopicArn"),
  topicOfPair("routineTopicArn", "urgentTopicArn"),
  {
    fields: ["alertEmail", "urgentTopicArn", "routineTopicArn"],
    check: ({ alertEmail, urgentTopicArn, routineTopicArn }) =>
      alertEmail === undefined &&
      urgentTopicArn === undefined &&
      routineTopicArn === undefined &&
      "must be set",
    allowed: "one email address, such as security@example.com",
    next: "set it to the address that should receive the alarms, or name existing topics (docs/existing.md)",
  },
  withoutTopics("alertEmail"),
  withoutTopics("pagerEmail"),
  {
    fields: ["topicKeyArn", "urgentTopicArn"],
    check: ({ topicKeyArn, urgentTopicArn }) =>
      topicKeyArn !== undefined &&
      urgentTopicArn === undefined &&
      "belongs to existing topics, but CIPHERWATCH_URGENT_TOPIC_ARN is not set",
    allowed: "a value only together with CIPHERWATCH_URGENT_TOPIC_ARN",
    next: "set CIPHERWATCH_URGENT_TOPIC_ARN and CIPHERWATCH_ROUTINE_TOPIC_ARN, or unset it",
  },
  keyOfAccount("topicKeyArn"),
  {
    fields: ["topicKeyArn", "region"],
    check: ({ topicKeyArn, region }) =>
      topicKeyArn !== undefined &&
      !topicKeyArn.includes(`:${region}:`) &&
      `is a key of a region other than ${region}, which SNS and SQS cannot use`,
    allowed: "a key of CIPHERWATCH_REGION",
    next: "copy the key of a topic of this region, or unset it",
  },
];

/** CloudWatch and EventBridge publish to topics of their own region; the metrics of a topic are in its account. */
function topicOfPair(field: TopicField, other: TopicField): Refinement<Values> {
  return {
    fields: [field, other, "region", "accountId"],
    check: ({ [field]: arn, [other]: otherArn, region, accountId }) => {
      if (arn === undefined)
        return (
          otherArn !== undefined &&
          "must be set, too: each alarm publishes to one of the two topics"
        );
      const [, , , topicRegion, topicAccount] = arn.split(":");
      if (topicRegion !== region)
        return `is a topic of a region other than ${region}, to which alarms cannot publish`;
      return (
        accountId !== undefined &&
        topicAccount !== accountId &&
        `is a topic of an account other than CIPHERWATCH_ACCOUNT_ID, ${accountId}: no alarm would report failed deliveries`
      );
    },
    allowed: "topics of the account and region of the deployment: both, or neither",
    next: "set both to topics of the account and region, which can forward to others; they can be the same",
  };
}

function withoutTopics(field: "alertEmail" | "pagerEmail"): Refinement<Values> {
  return {
    fields: [field, "urgentTopicArn"],
    check: ({ [field]: email, urgentTopicArn }) =>
      email !== undefined &&
      urgentTopicArn !== undefined &&
      "would receive nothing: the stacks add no subscriptions to existing topics",
    allowed: "no value, if CIPHERWATCH_URGENT_TOPIC_ARN is set",
    next: "unset it, and subscribe the address to the topic",
  };
}

function keyOfAccount(field: "trailKeyArn" | "topicKeyArn"): Refinement<Values> {
  return {
    fields: [field, "accountId"],
    check: ({ [field]: arn, accountId }) =>
      arn !== undefined &&
      accountId !== undefined &&
      !arn.includes(`:${accountId}:`) &&
      `is a key of an account other than CIPHERWATCH_ACCOUNT_ID, ${accountId}: its events are not counted here`,
    allowed: "a key of the account of the deployment",
    next: "unset it, and detect changes of the key in its own account",
  };
}

function validateSubnetId(id: string): string | undefined {
  return /^subnet-[0-9a-f]{8,17}$/.test(id)
    ? undefined
    : `${JSON.stringify(id)} is not the ID of a subnet`;
}

function subnetsOf(field: "publicSubnetIds" | "privateSubnetIds"): Refinement<Values> {
  return {
    fields: [field, "vpcId"],
    check: ({ vpcId, [field]: ids }) => {
      if (vpcId === undefined)
        return ids.length > 0 && "belongs to an existing VPC, but CIPHERWATCH_VPC_ID is not set";
      if (new Set(ids).size !== ids.length) return "names a subnet twice";
      return (
        ids.length < 2 && "must name two or more subnets of CIPHERWATCH_VPC_ID, in different zones"
      );
    },
    allowed: "two or more subnets, only together with CIPHERWATCH_VPC_ID",
    next: "set it together with CIPHERWATCH_VPC_ID, or unset both",
  };
}

function needsTrail(field: "trailArn" | "trailKeyArn" | "trailBucket"): Refinement<Values> {
  return {
    fields: [field, "trailLogGroup"],
    check: (values) =>
      values[field] !== undefined &&
      values.trailLogGroup === undefined &&
      "belongs to an existing trail, but CIPHERWATCH_TRAIL_LOG_GROUP is not set",
    allowed: "a value only together with CIPHERWATCH_TRAIL_LOG_GROUP",
    next: "set CIPHERWATCH_TRAIL_LOG_GROUP to the log group of the trail, or unset it",
  };
}

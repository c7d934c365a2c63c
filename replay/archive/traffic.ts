import {
  type Account,
  dataKeyUse,
  type Fields,
  HOME,
  keyUse,
  recordOf,
  session,
} from "./account.ts";

/** A type of everyday call. */
interface Activity {
  /** Fraction of all events. The fractions add up to 1. */
  readonly share: number;
  readonly service: string;
  /** Event names to choose from at random. */
  readonly names: readonly string[];
  readonly caller: (account: Account) => Fields;
  readonly details: (account: Account, region: string) => Fields;
  /** The only Region of the calls. Default: any Region. */
  readonly region?: string;
}

const person = ({ people, random }: Account) => random.pick(people);
const assetBucket = ({ random }: Account) => `example-assets-${random.below(20)}`;
const ACTIVITIES: readonly Activity[] = [
  {
    share: 0.3,
    service: "kms",
    names: ["Decrypt", "Decrypt", "GenerateDataKey"],
    caller: ({ tasks, random }) => random.pick(tasks),
    details: (account) => ({
      ...dataKeyUse(account),
      additionalEventData: { keyMaterialId: account.random.hex(64) },
    }),
    region: HOME,
  },
  {
    share: 0.1,
    service: "kms",
    names: ["Decrypt", "GenerateDataKey"],
    caller: (account) => ({
      ...session(account, "uploader", "batch"),
      invokedBy: "s3.amazonaws.com",
    }),
    details: (account) =>
      keyUse(account, account.random.pick(account.otherKeys), {
        "aws:s3:arn": `arn:aws:s3:::${assetBucket(account)}/o/${account.random.hex(24)}`,
      }),
  },
  {
    share: 0.15,
    service: "sts",
    names: ["AssumeRole"],
    // ECS is the only service that assumes the service's role. role-change reports any other.
    caller: () => ({ type: "AWSService", invokedBy: "ecs-tasks.amazonaws.com" }),
    details: ({ id: accountId, random }) => {
      const role = random.pick(["cipherwatch-dev-service", "uploader", "monitoring", "web"]);
      const roleArn = `arn:aws:iam::${accountId}:role/${role}`;
      return {
        requestParameters: { roleArn, roleSessionName: random.hex(32) },
        responseElements: {
          credentials: {
            accessKeyId: random.accessKeyId(),
            sessionToken: random.text(240),
            expiration: "Jun 14, 2026, 6:12:40 PM",
          },
        },
        resources: [{ accountId, type: "AWS::IAM::Role", ARN: roleArn }],
      };
    },
  },
  {
    share: 0.3595,
    service: "ec2",
    names: [
      "DescribeInstances",
      "DescribeVolumes",
      "DescribeInstanceStatus",
      "DescribeSecurityGroups",
    ],
    caller: ({ monitoring }) => monitoring,
    details: ({ random }) => ({
      requestParameters: {
        instancesSet: {
          items: Array.from({ length: 1 + random.below(4) }, () => ({
            instanceId: `i-${random.hex(17)}`,
          })),
        },
        filterSet: { items: [{ name: "tag:env", valueSet: { items: [{ value: "prod" }] } }] },
        maxResults: 100,
      },
    }),
  },
  {
    share: 0.07,
    service: "s3",
    names: ["GetBucketAcl", "GetBucketPolicy", "GetBucketVersioning"],
    caller: ({ config }) => config,
    details: (account, region) => ({
      requestParameters: {
        bucketName: assetBucket(account),
        Host: `example-assets.s3.${region}.amazonaws.com`,
      },
      additionalEventData: {
        SignatureVersion: "SigV4",
        CipherSuite: "TLS_AES_128_GCM_SHA256",
        bytesTransferredIn: 0,
        AuthenticationMethod: "AuthHeader",
        "x-amz-id-2": account.random.text(76),
        bytesTransferredOut: account.random.below(4000),
      },
    }),
  },
  {
    share: 0.015,
    service: "iam",
    names: ["GetRole", "ListRoles", "ListPolicies", "GetAccountSummary"],
    caller: person,
    details: () => ({ requestParameters: { roleName: "web" } }),
  },
  {
    share: 0.005,
    service: "s3",
    names: ["GetBucketPolicyStatus"],
    caller: person,
    details: (account) => ({
      errorCode: "AccessDenied",
      errorMessage: "Access Denied",
      requestParameters: { bucketName: assetBucket(account) },
    }),
  },
  {
    share: 0.0005,
    service: "signin",
    names: ["ConsoleLogin"],
    caller: (account) => ({ ...person(account), type: "IAMUser" }),
    details: () => ({
      readOnly: false,
      eventType: "AwsConsoleSignIn",
      responseElements: { ConsoleLogin: "Success" },
      additionalEventData: { MobileVersion: "No", MFAUsed: "Yes" },
    }),
    region: "us-east-1",
  },
];

/** Generates the record of an everyday call, chosen at random in proportion to the shares. */
export function everydayRecord(account: Account, region: string, at: number): Fields {
  const activity = chooseByShare(ACTIVITIES, ({ share }) => share, account.random.next());
  const place = activity.region ?? region;
  return recordOf(account, {
    caller: activity.caller(account),
    region: place,
    at,
    service: activity.service,
    name: account.random.pick(activity.names),
    details: activity.details(account, place),
  });
}

/**
 * Chooses an item in proportion to the shares.
 * @param point a random number from 0 (inclusive) to 1 (exclusive)
 */
export function chooseByShare<Item>(
  items: readonly Item[],
  shareOf: (item: Item) => number,
  point: number,
): Item {
  let remaining = point;
  const chosen = items.find((item) => {
    remaining -= shareOf(item);
    return remaining < 0;
  });
  // Rounding may leave the sum of the shares just below 1.
  const item = chosen ?? items[0];
  if (item === undefined) throw new RangeError("Cannot choose from an empty list.");
  return item;
}

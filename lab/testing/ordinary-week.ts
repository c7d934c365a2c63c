import { CANARY_MINUTES } from "../../common/canary.ts";
import type { CloudTrailRecord } from "../../detections/detection.ts";
import {
  administrator,
  awsConfig,
  awsService,
  deployer,
  exampleScope,
  executionRoleSession,
  managementEvent,
  onKey,
  roleSession,
  serviceDecryptEvent,
  serviceEncryptEvent,
} from "../../detections/example-events.ts";
import { detections } from "../../detections/index.ts";
import { kmsErrors } from "../../detections/kms-errors.ts";
import type { Terraform } from "../../terraform/reader.ts";
import { REPORTED, UPDATES } from "./terraform-updates.ts";

/** A record of the example account, and the minute of the week at which it was made. */
export interface TimedRecord {
  readonly minute: number;
  readonly record: CloudTrailRecord;
}

const HOUR = 60;
const DAY = 24 * HOUR;
const DAYS = 7;

const { namePrefix, trailLogGroupName, keyArn, trailKeyArn, topicKeyArn, storageKeyArns } =
  exampleScope;
const [databaseKeyArn = "", secretKeyArn = "", registryKeyArn = "", flowLogKeyArn = ""] =
  storageKeyArns;
const secretId =
  "arn:aws:secretsmanager:ap-southeast-2:111122223333:secret:rds!db-4d1e7a90-6b3c-4f58-9a2d-8c5e0f1b7d36-Xy12Za";
const cluster = `${namePrefix}service`;
const AUTOSCALING = "ecs.application-autoscaling.amazonaws.com";
const autoscaling = awsService(AUTOSCALING, "AWSServiceRoleForApplicationAutoScaling_ECSService");
const ecs = awsService("ecs.amazonaws.com", "AWSServiceRoleForECS");
const rds = awsService("rds.amazonaws.com", "AWSServiceRoleForRDS");
const planner = roleSession(`${namePrefix}plan`, "GitHubActions", "/bootstrap/");
const service = (invokedBy: string) => ({
  type: "AWSService",
  accountId: "111122223333",
  invokedBy,
});

function call(
  caller: CloudTrailRecord,
  source: string,
  eventName: string,
  requestParameters: CloudTrailRecord | null = null,
  rest: CloudTrailRecord = {},
): CloudTrailRecord {
  return managementEvent(caller, {
    eventSource: `${source}.amazonaws.com`,
    eventName,
    readOnly: /^(Get|List|Describe|Batch|Check|Assume|Decrypt|GenerateDataKey)/.test(eventName),
    requestParameters,
    ...rest,
  });
}

const at = (minute: number, ...records: readonly CloudTrailRecord[]): readonly TimedRecord[] =>
  records.map((record) => ({ minute, record }));

/**
 * Returns the records of a quiet week: use of the service by day and night, calls of AWS services to its resources,
 * two deployments by the pipeline, a scale-out, a rotation, nightly backups, and calls to the account's other
 * resources.
 */
export function ordinaryWeek(terraform: Terraform): readonly TimedRecord[] {
  return [
    ...useOfService(),
    ...Array.from({ length: DAYS }, (_, day) => everyDay(day * DAY)).flat(),
    ...deployment(1 * DAY + 10 * HOUR, terraform),
    ...deployment(3 * DAY + 15 * HOUR, terraform),
    ...scaleOut(2 * DAY + 11 * HOUR),
    ...rotation(5 * DAY + 2 * HOUR),
    ...canary(),
    ...resemblingAttacks(),
  ].toSorted((a, b) => a.minute - b.minute);
}

/** Returns a varying number of calls per minute, more by day than at night. */
function useOfService(): readonly TimedRecord[] {
  let state = 7;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  return Array.from({ length: DAYS * DAY }, (_, minute) => {
    const byDay = 0.5 - 0.5 * Math.cos((2 * Math.PI * (minute % DAY)) / DAY);
    const calls = Math.floor((0.1 + byDay) * 4 * random());
    return Array.from({ length: calls }, () => ({
      minute,
      record: random() < 0.7 ? serviceDecryptEvent : serviceEncryptEvent,
    }));
  }).flat();
}

/** Returns the records of the canary's wrong Keys, one in each of its periods. */
function canary(): readonly TimedRecord[] {
  const { record } =
    kmsErrors.mustNotFire.find(
      ({ name }) => name === "the canary of the service tries a wrong Key",
    ) ?? {};
  if (record === undefined) throw new Error("kms-errors has no example of the canary.");
  return Array.from({ length: (DAYS * DAY) / CANARY_MINUTES }, (_, index) => ({
    minute: index * CANARY_MINUTES,
    record,
  }));
}

/** Returns a day's backups by RDS, deliveries by CloudTrail, inventories, and calls of administrators. */
function everyDay(midnight: number): readonly TimedRecord[] {
  const rdsUses = (eventName: string) =>
    call({ ...rds, invokedBy: "rds.amazonaws.com" }, "kms", eventName, null, {
      ...onKey(databaseKeyArn),
    });
  return [
    ...at(
      midnight + 3 * HOUR,
      rdsUses("CreateGrant"),
      rdsUses("GenerateDataKey"),
      rdsUses("RetireGrant"),
      call(service("backup.rds.amazonaws.com"), "rds", "DescribeDBInstances"),
    ),
    ...at(
      midnight + 4 * HOUR,
      call(service("cloudtrail.amazonaws.com"), "sts", "AssumeRole", {
        roleArn: `arn:aws:iam::111122223333:role/${namePrefix}trail-to-logs`,
      }),
      call(roleSession(`${namePrefix}trail-to-logs`, "CLOUDTRAIL"), "logs", "CreateLogStream", {
        logGroupName: trailLogGroupName,
      }),
      call(service("cloudtrail.amazonaws.com"), "kms", "GenerateDataKey", null, onKey(trailKeyArn)),
      call(service("logs.amazonaws.com"), "kms", "Decrypt", null, onKey(flowLogKeyArn)),
      call(service("sns.amazonaws.com"), "kms", "Decrypt", null, onKey(topicKeyArn)),
      call(service("monitoring.rds.amazonaws.com"), "sts", "AssumeRole", {
        roleArn: `arn:aws:iam::111122223333:role/${namePrefix}database-monitoring`,
      }),
      call(service("vpc-flow-logs.amazonaws.com"), "sts", "AssumeRole", {
        roleArn: `arn:aws:iam::111122223333:role/${namePrefix}flow-log`,
      }),
    ),
    ...at(
      midnight + 5 * HOUR,
      call(awsConfig, "kms", "DescribeKey", { keyId: keyArn }, onKey(keyArn)),
      call(awsConfig, "kms", "GetKeyRotationStatus", { keyId: keyArn }, onKey(keyArn)),
      call(awsConfig, "rds", "DescribeDBSnapshotAttributes", { dBSnapshotIdentifier: "x" }),
      call(awsConfig, "s3", "GetBucketPolicy", { bucketName: `${namePrefix}trail-x` }),
      ...driftCheck(),
    ),
    ...at(
      midnight + 9 * HOUR,
      call(administrator, "monitoring", "DescribeAlarms"),
      call(administrator, "logs", "StartQuery", { logGroupName: trailLogGroupName }),
      call(administrator, "ecs", "DescribeServices", { cluster }),
      call(administrator, "secretsmanager", "GetSecretValue", { secretId: "orders/mail" }),
      call(administrator, "ecs", "RegisterTaskDefinition", { family: "orders" }),
      call(administrator, "rds", "CreateDBSnapshot", { dBInstanceIdentifier: "orders" }),
      call(administrator, "iam", "PutRolePolicy", { roleName: "orders", policyName: "x" }),
      call(administrator, "ec2", "AuthorizeSecurityGroupIngress", { groupId: "sg-0f9e8d7c6b5a4" }),
      call(administrator, "s3", "PutBucketPolicy", { bucketName: "orders" }),
    ),
  ];
}

/** Returns reads of the drift workflow, which uses the role that plans. */
function driftCheck(): readonly CloudTrailRecord[] {
  return [
    gitHubAssumes("plan"),
    call(planner, "iam", "GetRole", { roleName: exampleScope.serviceRoleName }),
    call(planner, "kms", "GetKeyPolicy", { keyId: keyArn }, onKey(keyArn)),
    call(planner, "rds", "DescribeDBInstances", { dBInstanceIdentifier: `${namePrefix}database` }),
    call(planner, "logs", "DescribeMetricFilters", { logGroupName: trailLogGroupName }),
    call(planner, "ec2", "DescribeSecurityGroupRules", { filterSet: {} }),
    call(planner, "wafv2", "GetWebACL", { name: cluster, scope: "REGIONAL" }),
  ];
}

function gitHubAssumes(part: "plan" | "deploy"): CloudTrailRecord {
  const caller = {
    type: "WebIdentityUser",
    accountId: "111122223333",
    userName: "repo:example-org/cipherwatch:environment:dev",
  };
  return call(caller, "sts", "AssumeRoleWithWebIdentity", {
    roleArn: `arn:aws:iam::111122223333:role/bootstrap/${namePrefix}${part}`,
    roleSessionName: "GitHubActions",
  });
}

/** Returns the records of a deployment: a plan, a new image, an update of every resource, and new tasks. */
function deployment(minute: number, terraform: Terraform): readonly TimedRecord[] {
  const updates = Object.entries(UPDATES).flatMap(([type, update]) =>
    terraform
      .resources(type)
      .filter(({ address }) => !REPORTED.test(address))
      .map(({ get }) => call(deployer, ...update(get))),
  );
  return [
    ...at(minute, ...driftCheck()),
    ...at(
      minute + 10,
      gitHubAssumes("deploy"),
      call(deployer, "ecr", "GetAuthorizationToken"),
      call(deployer, "ecr", "PutImage", { repositoryName: cluster, imageTag: "4f1c2d3e" }),
      call(deployer, "kms", "GenerateDataKey", null, onKey(registryKeyArn)),
      ...updates,
      call(deployer, "ecs", "DeregisterTaskDefinition", { taskDefinition: `${cluster}:12` }),
    ),
    ...taskStarts(minute + 14),
  ];
}

/** Returns the records of ECS, which starts a task and registers it with the load balancer. */
function taskStarts(minute: number): readonly TimedRecord[] {
  const assumed = (roleArn: string) =>
    call(service("ecs-tasks.amazonaws.com"), "sts", "AssumeRole", { roleArn });
  const targetGroupArn =
    "arn:aws:elasticloadbalancing:ap-southeast-2:111122223333:targetgroup/vault-1/2";
  const through = (principal: string) => ({ ...executionRoleSession, invokedBy: principal });
  return at(
    minute,
    assumed(exampleScope.executionRoleArn),
    assumed(exampleScope.serviceRoleArn),
    call(executionRoleSession, "ecr", "GetAuthorizationToken"),
    call(executionRoleSession, "ecr", "BatchGetImage", { repositoryName: cluster }),
    call(executionRoleSession, "secretsmanager", "GetSecretValue", { secretId }),
    call(through("secretsmanager.amazonaws.com"), "kms", "Decrypt", null, onKey(secretKeyArn)),
    call(through("ecr.amazonaws.com"), "kms", "Decrypt", null, onKey(registryKeyArn)),
    call(executionRoleSession, "logs", "CreateLogStream", {
      logGroupName: exampleScope.serviceLogGroupName,
    }),
    call(ecs, "ec2", "CreateNetworkInterface", {
      groupSet: { items: [{ groupId: exampleScope.securityGroupIds[0] }] },
    }),
    call(ecs, "elasticloadbalancing", "RegisterTargets", { targetGroupArn }),
    call(ecs, "elasticloadbalancing", "DeregisterTargets", { targetGroupArn }),
  );
}

function scaleOut(minute: number): readonly TimedRecord[] {
  const scale = (desiredCount: number) =>
    call(autoscaling, "ecs", "UpdateService", {
      cluster,
      service: `${namePrefix}api`,
      desiredCount,
    });
  const alarmName = `TargetTracking-service/${cluster}/${namePrefix}api-AlarmHigh`;
  return [
    ...at(minute, call(autoscaling, "monitoring", "PutMetricAlarm", { alarmName }), scale(3)),
    ...taskStarts(minute + 1),
    ...at(minute + 45, scale(1)),
  ];
}

/**
 * Returns the records of a rotation of the master secret by RDS.
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
 */
function rotation(minute: number): readonly TimedRecord[] {
  const rotate = (eventName: string) => call(rds, "secretsmanager", eventName, { secretId });
  const names = ["RotateSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"];
  const uses = (eventName: string) => call(rds, "kms", eventName, null, onKey(secretKeyArn));
  return at(minute, ...names.map(rotate), uses("Decrypt"), uses("GenerateDataKey"));
}

/** Returns the examples that resemble attacks but must not be counted, one in each hour. */
function resemblingAttacks(): readonly TimedRecord[] {
  return detections
    .flatMap((detection) => (detection.source === "trail" ? detection.mustNotFire : []))
    .filter(({ alsoFires }) => alsoFires === undefined)
    .map(({ record }, index) => ({ minute: index * HOUR, record }));
}

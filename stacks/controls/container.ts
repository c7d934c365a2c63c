import type { Block } from "../../terraform/json.ts";
import { resolveReference } from "../../terraform/references.ts";
import { addressOf } from "../../terraform/resources.ts";
import { everyHas, everyIs, forbidden } from "./check.ts";
import { type ControlArea, cheapDev, KEYS_OF_AWS } from "./control.ts";
import {
  altered,
  customerKey,
  isLiteral,
  type Matcher,
  optional,
  referenceTo,
  setting,
  text,
  UNRESOLVABLE,
} from "./matchers.ts";
import { companions, containers } from "./subjects.ts";

const TASK = "aws_ecs_task_definition";
const SERVICE = "aws_ecs_service";
const REPOSITORY = "aws_ecr_repository";
const EXEC = "configuration.execute_command_configuration";

const unprivilegedUser: Matcher = {
  description: "the number of a user other than root",
  accepts: (value) => typeof value === "string" && /^[1-9]\d*(:[1-9]\d*)?$/.test(value),
  violations: ["root", "0", "0:0", "1000:0", ""],
};

/** Names of variables that hold secrets. */
const SECRET_NAME = /PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_KEY/i;
/** `scheme://user:password@host` */
const SECRET_URL = /:\/\/[^/\s]*:[^/\s]*@/;

interface Variable {
  readonly name?: unknown;
  readonly value?: unknown;
}

const withoutSecrets: Matcher = {
  description: "variables without secrets",
  accepts: (value, { stacks, stack }) =>
    Array.isArray(value) &&
    value.every(({ name, value: content }: Variable) => {
      if (!isLiteral(name) || SECRET_NAME.test(name)) return false;
      if (SECRET_URL.test(String(content))) return false;
      if (isLiteral(content)) return true;
      const source = resolveReference(stacks, stack, content);
      return source !== undefined && !/secret|password/.test(`${source.type}.${source.attribute}`);
    }),
  violations: [
    { name: "DATABASE_PASSWORD", value: "hunter2" },
    { name: "AWS_SECRET_ACCESS_KEY", value: "wJalrXUtnFEMI" },
    { name: "DATABASE_URL", value: "postgres://admin:hunter2@db.internal/cipherwatch" },
    { name: "HARMLESS", value: UNRESOLVABLE },
    { name: UNRESOLVABLE, value: "harmless" },
  ].map((variable) =>
    altered<readonly Variable[]>(`with ${variable.name}=${variable.value}`, (variables) => [
      ...variables,
      variable,
    ]),
  ),
};

const bySecretArn: Matcher = {
  description: "a reference to a secret, which ECS reads when the task starts",
  accepts: (value, { stacks, stack }) => {
    const source = resolveReference(stacks, stack, value);
    return source !== undefined && /^(arn|.*secret_arn)$/.test(source.attribute);
  },
  violations: ["hunter2"],
  optional: true,
};

const separateRoles: Matcher = {
  description: "a task with separate task and execution roles",
  accepts: (value, { stacks, stack }) => {
    const { task_role_arn, execution_role_arn } = value as Block;
    const roles = [task_role_arn, execution_role_arn].map((role) =>
      resolveReference(stacks, stack, role),
    );
    const addresses = roles.map((role) => role?.type === "aws_iam_role" && addressOf(role));
    return !addresses.includes(false) && new Set(addresses).size === 2;
  },
  violations: [
    altered<Block>("with one role for both", ({ execution_role_arn, ...task }) => ({
      ...task,
      execution_role_arn,
      task_role_arn: execution_role_arn,
    })),
    ...["task_role_arn", "execution_role_arn"].flatMap((role) => [
      altered<Block>(`without ${role}`, ({ [role]: _, ...task }) => task),
      altered<Block>(`with ${role} unresolvable`, (task) => ({ ...task, [role]: UNRESOLVABLE })),
    ]),
  ],
};

export const container: readonly ControlArea[] = [
  {
    name: "ECS",
    controls: [
      {
        id: "ecs-container-insights",
        title: "Container Insights monitors the cluster",
        scanners: "CKV_AWS_65 AWS-0034 ECS.12",
        exemptions: [cheapDev("Each of its metrics is charged.")],
        check: everyHas("aws_ecs_cluster", {
          setting: setting("containerInsights", ["enabled", "enhanced"]),
        }),
      },
      {
        id: "ecs-exec-log",
        title: "ECS Exec sessions are logged, encrypted with a customer managed key",
        scanners: "CKV_AWS_223 CKV_AWS_224",
        exemptions: [KEYS_OF_AWS],
        check: everyHas("aws_ecs_cluster", {
          [`${EXEC}.kms_key_id`]: customerKey,
          [`${EXEC}.logging`]: "OVERRIDE",
          [`${EXEC}.log_configuration.cloud_watch_encryption_enabled`]: true,
          [`${EXEC}.log_configuration.cloud_watch_log_group_name`]: referenceTo(
            "aws_cloudwatch_log_group",
          ),
        }),
      },
      {
        id: "ecs-read-only-root",
        title: "Containers have a read-only root file system",
        scanners: "CKV_AWS_336 ECS.5",
        check: everyHas(containers, { readonlyRootFilesystem: true }),
      },
      {
        id: "ecs-user",
        title: "Containers do not run as root",
        scanners: "ECS.1 ECS.20",
        check: everyHas(containers, { user: unprivilegedUser }),
      },
      {
        id: "ecs-privileged",
        title: "Containers are not privileged",
        scanners: "CKV_AWS_334 ECS.4",
        check: everyHas(containers, { privileged: false }),
      },
      {
        id: "ecs-host",
        title: "Tasks share neither processes nor network with a host",
        scanners: "CKV_AWS_335 ECS.3 ECS.17",
        check: everyHas(TASK, {
          network_mode: "awsvpc",
          pid_mode: optional("task"),
          ipc_mode: optional(["none", "task"]),
        }),
      },
      {
        id: "ecs-public-address",
        title: "Tasks have no public address",
        scanners: "CKV_AWS_333 ECS.2 ECS.16",
        exemptions: [cheapDev("A public address costs a tenth of a NAT gateway.")],
        check: everyHas(SERVICE, { "network_configuration.assign_public_ip": false }),
      },
      {
        id: "ecs-secrets",
        title: "Environment variables of containers hold no secrets",
        scanners: "AWS-0036 ECS.8",
        check: everyHas(containers, {
          environment: optional(withoutSecrets),
          "secrets.valueFrom": bySecretArn,
        }),
      },
      {
        id: "ecs-log",
        title: "Containers write to a log group",
        scanners: "ECS.9",
        check: everyHas(containers, {
          "logConfiguration.logDriver": text,
          "logConfiguration.options.awslogs-group": referenceTo("aws_cloudwatch_log_group"),
        }),
      },
      {
        id: "ecs-platform",
        title: "Tasks run on the latest Fargate platform version",
        scanners: "CKV_AWS_332 ECS.10",
        check: everyHas(SERVICE, { platform_version: ["LATEST", "1.4.0"] }),
      },
      {
        id: "ecs-roles",
        title: "Tasks have separate task and execution roles",
        scanners: "CKV_AWS_249",
        check: everyIs(TASK, separateRoles),
      },
    ],
  },
  {
    name: "ECR",
    controls: [
      {
        id: "ecr-immutable-tags",
        title: "Image tags are immutable",
        scanners: "CKV_AWS_51 AWS-0031 ECR.2",
        check: everyHas(REPOSITORY, { image_tag_mutability: "IMMUTABLE" }),
      },
      {
        id: "ecr-scan",
        title: "Images are scanned on push",
        scanners: "CKV_AWS_163 AWS-0030 ECR.1",
        check: everyHas(REPOSITORY, { "image_scanning_configuration.scan_on_push": true }),
      },
      {
        id: "ecr-key",
        title: "Images are encrypted with a customer managed key",
        scanners: "CKV_AWS_136 AWS-0033 ECR.5",
        exemptions: [KEYS_OF_AWS],
        check: everyHas(REPOSITORY, {
          "encryption_configuration.encryption_type": ["KMS", "KMS_DSSE"],
          "encryption_configuration.kms_key": customerKey,
        }),
      },
      {
        id: "ecr-lifecycle",
        title: "Old images expire",
        scanners: "ECR.3",
        check: everyHas(
          companions(REPOSITORY, { type: "aws_ecr_lifecycle_policy", link: "repository" }),
          { policy: text },
        ),
      },
      {
        id: "ecr-public",
        title: "The repository has no policy, so other accounts have no access",
        scanners: "CKV_AWS_32 AWS-0032",
        check: forbidden("aws_ecr_repository_policy"),
      },
    ],
  },
];

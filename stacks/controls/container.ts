import type { Stacks } from "../../terraform/json.ts";
import { resolveReference } from "../../terraform/references.ts";
import { addressOf, resourcesOf, withData, withResource } from "../../terraform/resources.ts";
import { containers } from "./containers.ts";
import type { Area } from "./control.ts";
import { allowances } from "./policies.ts";
import { namedPrincipals } from "./principals.ts";
import { every, ifAny, is, meets } from "./rule.ts";
import { companions } from "./subject.ts";
import type { Values } from "./values.ts";
import {
  altered,
  customerKey,
  equal,
  holds,
  isFalse,
  isLiteral,
  isTrue,
  oneOf,
  orAbsent,
  referenceTo,
  text,
  UNRESOLVABLE,
  type Wanted,
} from "./wanted.ts";

const TASK = "aws_ecs_task_definition";

const unprivilegedUser: Wanted = {
  says: "a user that is not root, by number",
  accepts: (value) => typeof value === "string" && /^[1-9]\d*(:[1-9]\d*)?$/.test(value),
  wrong: ["root", "0", "0:0", "1000:0", ""],
};

/** What a variable is called that holds a secret. */
const SECRET_NAME = /PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_KEY/i;
/** `scheme://user:password@host` */
const SECRET_URL = /:\/\/[^/\s]*:[^/\s]*@/;

interface Variable {
  readonly name?: unknown;
  readonly value?: unknown;
}

const harmless: Wanted = {
  says: "variables that hold no secret",
  accepts: (value, { stacks, stack }) =>
    Array.isArray(value) &&
    value.every(({ name, value: content }: Variable) => {
      if (!isLiteral(name) || SECRET_NAME.test(name)) return false;
      if (SECRET_URL.test(String(content))) return false;
      if (isLiteral(content)) return true;
      const source = resolveReference(stacks, stack, content);
      return source !== undefined && !/secret|password/.test(`${source.type}.${source.attribute}`);
    }),
  wrong: [
    ...[
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
  ],
};

const bySecretArn: Wanted = {
  says: "a reference to a secret that is read when the task starts",
  accepts: (value, { stacks, stack }) => {
    const source = resolveReference(stacks, stack, value);
    return source !== undefined && /^(arn|.*secret_arn)$/.test(source.attribute);
  },
  wrong: ["hunter2"],
  mayBeAbsent: true,
};

const separateRoles: Wanted = {
  says: "a task whose role is another than the one that starts it",
  accepts: (value, { stacks, stack }) => {
    const { task_role_arn, execution_role_arn } = value as Values;
    const roles = [task_role_arn, execution_role_arn].map((role) =>
      resolveReference(stacks, stack, role),
    );
    const addresses = roles.map((role) => role?.type === "aws_iam_role" && addressOf(role));
    return !addresses.includes(false) && new Set(addresses).size === 2;
  },
  wrong: [
    altered<Values>("with one role for both", ({ execution_role_arn, ...task }) => ({
      ...task,
      execution_role_arn,
      task_role_arn: execution_role_arn,
    })),
    ...["task_role_arn", "execution_role_arn"].flatMap((role) => [
      altered<Values>(`without ${role}`, ({ [role]: _, ...task }) => task),
      altered<Values>(`with ${role} unresolvable`, (task) => ({ ...task, [role]: UNRESOLVABLE })),
    ]),
  ],
};

/** A repository policy that admits another account by name. */
export function withRepositoryPolicy(stacks: Stacks): Stacks {
  return resourcesOf(stacks, "aws_ecr_repository").reduce((changed, { stack, name }) => {
    const statement = {
      sid: "PartnerPulls",
      effect: "Allow",
      principals: [{ type: "AWS", identifiers: ["arn:aws:iam::111122223333:role/partner"] }],
      actions: ["ecr:BatchGetImage"],
    };
    const document = {
      stack,
      type: "aws_iam_policy_document",
      name: "Example",
      values: { statement: [statement] },
    };
    return withResource(withData(changed, document), {
      stack,
      type: "aws_ecr_repository_policy",
      name: "Example",
      values: {
        repository: `\${aws_ecr_repository.${name}.name}`,
        policy: "${data.aws_iam_policy_document.Example.json}",
      },
    });
  }, stacks);
}

export const container: readonly Area[] = [
  {
    name: "ECS",
    controls: [
      {
        id: "ecs-container-insights",
        title: "Container Insights watches the cluster",
        checkov: ["CKV_AWS_65"],
        trivy: ["AWS-0034"],
        securityHub: ["ECS.12"],
        rule: every(
          "aws_ecs_cluster",
          is("setting", holds("containerInsights", oneOf(["enabled", "enhanced"], "disabled"))),
        ),
      },
      {
        id: "ecs-exec-log",
        title: "Commands run in containers are logged, under a customer's key",
        checkov: ["CKV_AWS_223", "CKV_AWS_224"],
        rule: every(
          "aws_ecs_cluster",
          ...[
            is("kms_key_id", customerKey),
            is("logging", equal("OVERRIDE", "NONE", "DEFAULT")),
            is("log_configuration.cloud_watch_encryption_enabled", isTrue),
            is(
              "log_configuration.cloud_watch_log_group_name",
              referenceTo("aws_cloudwatch_log_group"),
            ),
          ].map(({ path, wanted }) =>
            is(`configuration.execute_command_configuration.${path}`, wanted),
          ),
        ),
      },
      {
        id: "ecs-read-only-root",
        title: "Containers cannot write to their root file system",
        checkov: ["CKV_AWS_336"],
        securityHub: ["ECS.5"],
        rule: every(containers, is("readonlyRootFilesystem", isTrue)),
      },
      {
        id: "ecs-user",
        title: "Containers do not run as root",
        securityHub: ["ECS.1", "ECS.20"],
        rule: every(containers, is("user", unprivilegedUser)),
      },
      {
        id: "ecs-privileged",
        title: "Containers have no privileges",
        checkov: ["CKV_AWS_334"],
        securityHub: ["ECS.4"],
        rule: every(containers, is("privileged", isFalse)),
      },
      {
        id: "ecs-host",
        title: "Tasks share neither processes nor network with a host",
        checkov: ["CKV_AWS_335"],
        securityHub: ["ECS.3", "ECS.17"],
        rule: every(
          TASK,
          is("network_mode", equal("awsvpc", "host", "bridge")),
          is("pid_mode", orAbsent(equal("task", "host"))),
          is("ipc_mode", orAbsent(oneOf(["none", "task"], "host"))),
        ),
      },
      {
        id: "ecs-public-address",
        title: "Tasks have no public address",
        checkov: ["CKV_AWS_333"],
        securityHub: ["ECS.2", "ECS.16"],
        rule: every("aws_ecs_service", is("network_configuration.assign_public_ip", isFalse)),
      },
      {
        id: "ecs-secrets",
        title: "No secret is in a container's environment",
        trivy: ["AWS-0036"],
        securityHub: ["ECS.8"],
        rule: every(
          containers,
          is("environment", orAbsent(harmless)),
          is("secrets.valueFrom", bySecretArn),
        ),
      },
      {
        id: "ecs-log",
        title: "Containers log",
        securityHub: ["ECS.9"],
        rule: every(
          containers,
          is("logConfiguration.logDriver", text),
          is("logConfiguration.options.awslogs-group", referenceTo("aws_cloudwatch_log_group")),
        ),
      },
      {
        id: "ecs-platform",
        title: "Tasks run on the latest Fargate platform",
        checkov: ["CKV_AWS_332"],
        securityHub: ["ECS.10"],
        rule: every("aws_ecs_service", is("platform_version", oneOf(["LATEST", "1.4.0"], "1.3.0"))),
      },
      {
        id: "ecs-roles",
        title: "What starts a task is another role than the task's own",
        checkov: ["CKV_AWS_249"],
        rule: every(TASK, meets(separateRoles)),
      },
    ],
  },
  {
    name: "ECR",
    controls: [
      {
        id: "ecr-immutable-tags",
        title: "Tags cannot be moved to other images",
        checkov: ["CKV_AWS_51"],
        trivy: ["AWS-0031"],
        securityHub: ["ECR.2"],
        rule: every(
          "aws_ecr_repository",
          is("image_tag_mutability", equal("IMMUTABLE", "MUTABLE")),
        ),
      },
      {
        id: "ecr-scan",
        title: "Images are scanned when they are pushed",
        checkov: ["CKV_AWS_163"],
        trivy: ["AWS-0030"],
        securityHub: ["ECR.1"],
        rule: every("aws_ecr_repository", is("image_scanning_configuration.scan_on_push", isTrue)),
      },
      {
        id: "ecr-key",
        title: "Images are encrypted under a customer's key",
        checkov: ["CKV_AWS_136"],
        trivy: ["AWS-0033"],
        securityHub: ["ECR.5"],
        rule: every(
          "aws_ecr_repository",
          is("encryption_configuration.encryption_type", oneOf(["KMS", "KMS_DSSE"], "AES256")),
          is("encryption_configuration.kms_key", customerKey),
        ),
      },
      {
        id: "ecr-lifecycle",
        title: "Old images are removed",
        securityHub: ["ECR.3"],
        rule: every(
          companions("aws_ecr_repository", {
            type: "aws_ecr_lifecycle_policy",
            link: "repository",
          }),
          is("policy", text),
        ),
      },
      {
        id: "ecr-public",
        title: "No repository policy admits everybody",
        checkov: ["CKV_AWS_32"],
        trivy: ["AWS-0032"],
        // The repository has no policy, which admits nobody of another account.
        rule: ifAny(
          "aws_ecr_repository_policy",
          every(allowances("aws_ecr_repository_policy"), meets(namedPrincipals)),
          withRepositoryPolicy,
        ),
      },
    ],
  },
];

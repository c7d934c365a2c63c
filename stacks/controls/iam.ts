import { resolveReference } from "../../terraform/references.ts";
import { withRepositoryPolicy } from "./container.ts";
import type { Area } from "./control.ts";
import { allowances, type PolicyHolder, type Statement } from "./policies.ts";
import { ownPrincipals, singlePrincipals } from "./principals.ts";
import { allOf, every, ifAny, is, meets, type Rule, without } from "./rule.ts";
import type { Subject } from "./subject.ts";
import {
  absent,
  altered,
  isLiteral,
  isResource,
  type Origin,
  UNRESOLVABLE,
  type Wanted,
} from "./wanted.ts";
import { takesNoResource } from "./without-resource.ts";

const ROLE = "aws_iam_role";
const ROLE_POLICY = "aws_iam_role_policy";
const ATTACHMENT = "aws_iam_role_policy_attachment";
const REPOSITORY_POLICY = "aws_ecr_repository_policy";

/** Where the resource is a name, not the holder itself as in a key's policy. */
const WITH_RESOURCES: readonly PolicyHolder[] = [
  "aws_cloudwatch_log_resource_policy",
  "aws_iam_policy",
  ROLE_POLICY,
  "aws_s3_bucket_policy",
  "aws_sns_topic_policy",
  "aws_sqs_queue_policy",
  "aws_vpc_endpoint",
];

const ACTION = /^[a-z\d-]+:[A-Za-z\d]+$/;
const namedActions: Wanted = {
  says: "actions by name",
  accepts: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((action) => ACTION.test(action)),
  wrong: [[], ["*"], ["*:*"], ["s3:*"], ["kms:Get*"], [UNRESOLVABLE]],
};

function namesActions(holder: PolicyHolder): Rule {
  return every(allowances(holder), is("actions", namedActions), is("not_actions", absent));
}

/** A name that is there before Terraform runs, or a reference to something of the stacks. */
function isKnown(resource: string, { stacks, stack }: Origin): boolean {
  const references = resource.match(/\$\{[^}]*\}/g) ?? [];
  return (
    /^(arn:[^:*?]+:[^:*?]+:|\$\{)/.test(resource) &&
    references.every((reference) => resolveReference(stacks, stack, reference) !== undefined)
  );
}

const namedResources: Wanted = {
  says: "for resources by name, or for actions that WITHOUT_RESOURCE lists",
  accepts: (value, origin) => {
    const { actions = [], resources = [], not_resources } = value as Statement;
    const all = resources.length === 1 && resources[0] === "*";
    if (not_resources !== undefined || resources.length === 0) return false;
    return all
      ? actions.every(takesNoResource)
      : resources.every((resource) => isKnown(resource, origin));
  },
  wrong: (
    [
      ["on everything", { actions: ["kms:Decrypt"], resources: ["*"] }],
      ["on everything of a service", { resources: ["arn:aws:*:::example"] }],
      ["on nothing", { resources: [] }],
      ["on all but one", { not_resources: ["arn:aws:s3:::example"] }],
      ["on something unknown", { resources: [UNRESOLVABLE] }],
      ["on something with an unknown name", { resources: [`arn:aws:s3:::${UNRESOLVABLE}`] }],
    ] as const
  ).map(([title, change]) =>
    altered<Statement>(title, (statement) => ({ ...statement, ...change })),
  ),
};

/**
 * What an intruder would want of a role. A role may have it for resources whose names have a start, or
 * that have this project's tags.
 */
const DANGEROUS: ReadonlySet<string> = new Set([
  // to come by credentials
  "iam:CreateAccessKey",
  "iam:CreateLoginProfile",
  "iam:UpdateLoginProfile",
  "sts:AssumeRole",
  "sts:GetFederationToken",
  // to take data out
  "kms:Decrypt",
  "kms:ReEncryptFrom",
  "logs:GetLogEvents",
  "rds:CopyDBSnapshot",
  "rds:ModifyDBSnapshotAttribute",
  "s3:GetObject",
  "s3:GetObjectVersion",
  "secretsmanager:GetSecretValue",
  "ssm:GetParameter",
  "ssm:GetParameters",
  // to let others in
  "ecr:SetRepositoryPolicy",
  "kms:CreateGrant",
  "kms:PutKeyPolicy",
  "s3:PutBucketPolicy",
  "s3:PutBucketPublicAccessBlock",
  "secretsmanager:PutResourcePolicy",
  "sns:AddPermission",
  "sns:SetTopicAttributes",
  "sqs:AddPermission",
  "sqs:SetQueueAttributes",
  // to destroy, or to hide it
  "cloudtrail:DeleteTrail",
  "cloudtrail:StopLogging",
  "cloudtrail:UpdateTrail",
  "kms:DisableKey",
  "kms:ScheduleKeyDeletion",
  "logs:DeleteLogGroup",
  "rds:DeleteDBInstance",
  "s3:DeleteBucket",
  "s3:DeleteObject",
  "s3:DeleteObjectVersion",
]);

/**
 * What raises permissions, besides: by other users' policies not at all, by roles under these
 * conditions alone.
 */
const ESCALATING: Readonly<Record<string, string | undefined>> = {
  "iam:AddUserToGroup": undefined,
  "iam:AttachGroupPolicy": undefined,
  "iam:AttachRolePolicy": "iam:PermissionsBoundary",
  "iam:AttachUserPolicy": undefined,
  "iam:CreatePolicyVersion": undefined,
  "iam:CreateRole": "iam:PermissionsBoundary",
  "iam:DeleteRolePermissionsBoundary": undefined,
  "iam:PassRole": "iam:PassedToService",
  "iam:PutGroupPolicy": undefined,
  "iam:PutRolePermissionsBoundary": "iam:PermissionsBoundary",
  "iam:PutRolePolicy": "iam:PermissionsBoundary",
  "iam:PutUserPolicy": undefined,
  "iam:SetDefaultPolicyVersion": undefined,
  "iam:UpdateAssumeRolePolicy": "iam:PermissionsBoundary",
};

/** Whether the name has a start: `role/cipherwatch-*` has, `role/*` and `*` have not. */
function startsWithName(resource: string): boolean {
  if (resource.startsWith("${")) return true;
  const name = /^arn(?::[^:]*){4}:(?<name>.+)$/.exec(resource)?.groups?.name;
  return name !== undefined && !/^([\w-]+[/:])?[*?]/.test(name);
}

function isUnder({ condition = [] }: Statement, variable: string): boolean {
  return condition.some(
    (it) => it.test === "StringEquals" && it.variable === variable && it.values.every(isFixed),
  );
}

function isFixed(value: string): boolean {
  return value !== "" && !/[*?]/.test(value) && !value.includes("${var.");
}

const OUR_TAGS = "aws:ResourceTag/Project";

const EXAMPLE_ROLES = "arn:aws:iam::111122223333:role/cipherwatch";

const modest: Wanted = {
  says: "without what an intruder wants, save on resources by name or tag and roles under a boundary",
  accepts: (value) => {
    const statement = value as Statement;
    const { actions, resources } = statement;
    if (actions === undefined || resources === undefined || !actions.every(isLiteral)) return false;
    const narrow = resources.every(startsWithName);
    return actions.every((action) => {
      if (DANGEROUS.has(action)) return narrow || isUnder(statement, OUR_TAGS);
      if (!Object.hasOwn(ESCALATING, action)) return true;
      const condition = ESCALATING[action];
      return narrow && condition !== undefined && isUnder(statement, condition);
    });
  },
  wrong: [
    allowing("to become any role", "iam:PassRole", "arn:aws:iam::111122223333:role/*"),
    allowing("to hand a role to any service", "iam:PassRole", `${EXAMPLE_ROLES}-*`),
    allowing("to make roles that can do more", "iam:PutRolePolicy", `${EXAMPLE_ROLES}-*`),
    allowing("to make policies that can do more", "iam:CreatePolicyVersion", EXAMPLE_ROLES),
    allowing(
      "to decrypt with any key",
      "kms:Decrypt",
      "arn:aws:kms:ap-southeast-2:111122223333:key/*",
    ),
    allowing("to read any secret", "secretsmanager:GetSecretValue", "*"),
    allowing("to do who knows what", UNRESOLVABLE, "*"),
    altered<Statement>("to read secrets with any tag", (statement) => ({
      ...statement,
      actions: ["secretsmanager:GetSecretValue"],
      resources: ["*"],
      condition: [{ test: "StringLike", variable: OUR_TAGS, values: ["*"] }],
    })),
    altered<Statement>("to do what is left open", ({ resources, ...statement }) => statement),
  ],
};

/** The statement with this permission instead of its own, without conditions. */
function allowing(title: string, action: string, resource: string) {
  return altered<Statement>(title, ({ condition, ...statement }) => ({
    ...statement,
    actions: [action],
    resources: [resource],
  }));
}

const MANAGED_POLICY = /^arn:aws[\w-]*:iam::aws:policy\/(?:[\w-]+\/)?(?<name>\w+)$/;
const FULL_ACCESS = /^(AdministratorAccess|PowerUserAccess|\w*FullAccess)$/;
const knownPolicy: Wanted = {
  says: "a policy of the stacks, or one of AWS's that gives no full access",
  accepts: (value, { stacks, stack }) => {
    if (isResource(resolveReference(stacks, stack, value), "aws_iam_policy")) return true;
    const name = MANAGED_POLICY.exec(String(value))?.groups?.name;
    return name !== undefined && !FULL_ACCESS.test(name);
  },
  wrong: ["AdministratorAccess", "IAMFullAccess", "PowerUserAccess"]
    .map((name) => `arn:aws:iam::aws:policy/${name}`)
    .concat("${aws_iam_policy.Elsewhere.arn}"),
};

/** Trust in GitHub's tokens, among the trust policies. */
const githubTrust: Subject = (() => {
  const all = allowances(ROLE);
  return {
    ...all,
    parts: (stacks) =>
      all
        .parts(stacks)
        .filter(
          (part) =>
            "problem" in part ||
            (part.values as Statement).principals?.some(({ type }) => type === "Federated"),
        ),
  };
})();

/** Both forms of a subject, with and without ids; one branch, tag, environment or pull requests. */
const SUBJECT =
  /^repo:[\w.-]+(@\d+)?\/[\w.-]+(@\d+)?:(environment:[\w.-]+|pull_request|ref:refs\/(heads|tags)\/[\w./-]+)$/;
const AUDIENCE = "token.actions.githubusercontent.com:aud";
const SUBJECT_CLAIM = "token.actions.githubusercontent.com:sub";
const pinned: Wanted = {
  says: "for AWS as audience and one repository's branches, tags or environments by name",
  accepts: (value) => {
    const { condition = [] } = value as Statement;
    const valuesOf = (claim: string) =>
      condition
        .filter(({ test, variable }) => test === "StringEquals" && variable === claim)
        .flatMap(({ values }) => values);
    const subjects = valuesOf(SUBJECT_CLAIM);
    return (
      valuesOf(AUDIENCE).join() === "sts.amazonaws.com" &&
      subjects.length > 0 &&
      subjects.every((subject) => SUBJECT.test(subject))
    );
  },
  wrong: [
    altered<Statement>("without conditions", ({ condition, ...statement }) => statement),
    ...[AUDIENCE, SUBJECT_CLAIM].map((claim) =>
      altered<Statement>(`without ${claim}`, ({ condition = [], ...statement }) => ({
        ...statement,
        condition: condition.filter(({ variable }) => variable !== claim),
      })),
    ),
    ...[
      "repo:example-org/cipherwatch:*",
      "repo:example-org/*:environment:production",
      "repo:*",
      "*",
      UNRESOLVABLE,
    ].map((subject) =>
      altered<Statement>(`for ${subject}`, ({ condition = [], ...statement }) => ({
        ...statement,
        condition: condition.map((it) =>
          it.variable === SUBJECT_CLAIM ? { ...it, values: [subject] } : it,
        ),
      })),
    ),
  ],
};

export const iam: readonly Area[] = [
  {
    name: "IAM",
    controls: [
      {
        id: "iam-action-wildcard",
        title: "Every action is named",
        checkov: ["CKV_AWS_1", "CKV_AWS_49", "CKV_AWS_62", "CKV_AWS_63", "CKV2_AWS_40"],
        trivy: ["AWS-0345"],
        securityHub: ["IAM.1", "IAM.21"],
        rule: allOf(
          ...([ROLE, "aws_kms_key", ...WITH_RESOURCES] as const).map(namesActions),
          ifAny(REPOSITORY_POLICY, namesActions(REPOSITORY_POLICY), withRepositoryPolicy),
        ),
      },
      {
        id: "iam-resource-wildcard",
        title: "Every resource is named, where IAM knows a name",
        checkov: ["CKV_AWS_355", "CKV_AWS_356"],
        rule: allOf(
          ...WITH_RESOURCES.map((holder) => every(allowances(holder), meets(namedResources))),
        ),
      },
      {
        id: "iam-dangerous-actions",
        title:
          "No role can raise its own permissions, come by credentials, take data out, let others in or destroy at will",
        checkov: [
          "CKV_AWS_107",
          "CKV_AWS_108",
          "CKV_AWS_109",
          "CKV_AWS_110",
          "CKV_AWS_111",
          "CKV_AWS_286",
          "CKV_AWS_287",
          "CKV_AWS_288",
          "CKV_AWS_289",
          "CKV_AWS_290",
        ],
        trivy: ["AWS-0342"],
        securityHub: ["KMS.1", "KMS.2"],
        rule: allOf(
          ...(["aws_iam_policy", ROLE_POLICY] as const).map((holder) =>
            every(allowances(holder), meets(modest)),
          ),
        ),
        refusals: [
          {
            of: ["bootstrap/aws_iam_policy.Pipeline_Boundary WriteLogs"],
            reason:
              "A boundary permits nothing by itself: it is the most that a role's own policies, which name their log groups, can give. RDS chooses the name of one of those groups.",
          },
        ],
      },
      {
        id: "iam-trust",
        title: "Roles trust principals by name, and none has full access",
        checkov: ["CKV_AWS_60", "CKV_AWS_61", "CKV_AWS_274", "CKV_AWS_275", "CKV2_AWS_56"],
        rule: allOf(
          every(allowances(ROLE), meets(singlePrincipals)),
          every(allowances("aws_cloudwatch_log_resource_policy"), meets(ownPrincipals)),
          every(allowances("aws_sqs_queue_policy"), meets(ownPrincipals)),
          every(ROLE, is("inline_policy", absent), is("managed_policy_arns", absent)),
          every(ATTACHMENT, is("policy_arn", knownPolicy)),
          ...["aws_iam_user", "aws_iam_group", "aws_iam_policy_attachment"].map(without),
        ),
      },
      {
        id: "iam-github",
        title: "GitHub's tokens are trusted for one repository, and by branch or environment",
        checkov: ["CKV_AWS_358", "CKV_AWS_393"],
        rule: every(githubTrust, meets(pinned)),
      },
    ],
  },
];

import { resolveReference } from "../../terraform/references.ts";
import { allOf, everyHas, everyIs, forbidden } from "./check.ts";
import { type ControlArea, cheapDev, ofVpcOwner } from "./control.ts";
import {
  absent,
  altered,
  isLiteral,
  isResource,
  type Matcher,
  UNRESOLVABLE,
  type ValueLocation,
} from "./matchers.ts";
import {
  allowStatements,
  keyStatements,
  type PolicyHolder,
  type Statement,
  statementMatcher,
} from "./policies.ts";
import { principalsOfThisAccount, singlePrincipals } from "./principals.ts";
import { isResourceless } from "./resourceless-actions.ts";

const ROLE = "aws_iam_role";
const ROLE_POLICY = "aws_iam_role_policy";
const ATTACHMENT = "aws_iam_role_policy_attachment";

/** Policies that name resources; in the policy of a KMS key, "*" is the key itself. */
const WITH_RESOURCES: readonly PolicyHolder[] = [
  "aws_cloudwatch_log_resource_policy",
  "aws_iam_policy",
  ROLE_POLICY,
  "aws_s3_bucket_policy",
  "aws_sns_topic_policy",
  "aws_sqs_queue_policy",
  "aws_vpc_endpoint",
];

const WITHOUT_WEB_ACL = cheapDev(
  "It has no web ACL, whose log would need one.",
  "aws_cloudwatch_log_resource_policy",
);

const ACTION = /^[a-z\d-]+:[A-Za-z\d]+$/;
const namedActions: Matcher = {
  description: "a list of actions without wildcards",
  accepts: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((action) => ACTION.test(action)),
  violations: [[], ["*"], ["*:*"], ["s3:*"], ["kms:Get*"], [UNRESOLVABLE]],
};

/** Whether a resource is an ARN without wildcards in its service, its references all within the stacks. */
function isKnownResource(resource: string, { stacks, stack }: ValueLocation): boolean {
  const references = resource.match(/\$\{[^}]*\}/g) ?? [];
  return (
    /^(arn:[^:*?]+:[^:*?]+:|\$\{)/.test(resource) &&
    references.every((reference) => resolveReference(stacks, stack, reference) !== undefined)
  );
}

const namedResources = statementMatcher(
  "for named resources, or only for actions of RESOURCELESS_ACTIONS",
  ({ actions = [], resources = [], not_resources }, location) => {
    if (not_resources !== undefined || resources.length === 0) return false;
    return resources.length === 1 && resources[0] === "*"
      ? actions.every(isResourceless)
      : resources.every((resource) => isKnownResource(resource, location));
  },
  {
    "on every resource": { actions: ["kms:Decrypt"], resources: ["*"] },
    "on every resource of every service": { resources: ["arn:aws:*:::example"] },
    "on no resource": { resources: [] },
    "on all resources but one": { not_resources: ["arn:aws:s3:::example"] },
    "on an unknown resource": { resources: [UNRESOLVABLE] },
    "on a resource with an unknown name": { resources: [`arn:aws:s3:::${UNRESOLVABLE}`] },
  },
);

/** Actions an attacker needs. Allowed only for resources with a name prefix or this project's tag. */
const DANGEROUS: ReadonlySet<string> = new Set([
  // obtain credentials
  "iam:CreateAccessKey",
  "iam:CreateLoginProfile",
  "iam:UpdateLoginProfile",
  "sts:AssumeRole",
  "sts:GetFederationToken",
  // exfiltrate data
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
  // grant access to others
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
  // destroy data or hide activity
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

/** Privilege escalation: allowed only with this condition; never allowed if undefined. */
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

/** Whether a resource has a name prefix: true for `role/cipherwatch-*`, false for `role/*` and `*`. */
function hasNamePrefix(resource: string): boolean {
  if (resource.startsWith("${")) return true;
  const name = /^arn(?::[^:]*){4}:(?<name>.+)$/.exec(resource)?.groups?.name;
  return name !== undefined && !/^([\w-]+[/:])?[*?]/.test(name);
}

function hasCondition({ condition = [] }: Statement, variable: string): boolean {
  return condition.some(
    (entry) =>
      entry.test === "StringEquals" && entry.variable === variable && entry.values.every(isFixed),
  );
}

function isFixed(value: string): boolean {
  return value !== "" && !/[*?]/.test(value) && !value.includes("${var.");
}

const PROJECT_TAG = "aws:ResourceTag/Project";
const EXAMPLE_ROLES = "arn:aws:iam::111122223333:role/cipherwatch";
const ANY_KEY = "arn:aws:kms:ap-southeast-2:111122223333:key/*";

/** A change to a statement that allows one action without conditions. */
const allowing = (action: string, resource: string) => ({
  actions: [action],
  resources: [resource],
  condition: [],
});

const leastPrivilege = statementMatcher(
  "without dangerous actions, except on resources by name or tag and roles with a permissions boundary",
  (statement) => {
    const { actions, resources } = statement;
    if (actions === undefined || resources === undefined || !actions.every(isLiteral)) return false;
    const isNarrow = resources.every(hasNamePrefix);
    return actions.every((action) => {
      if (DANGEROUS.has(action)) return isNarrow || hasCondition(statement, PROJECT_TAG);
      if (!Object.hasOwn(ESCALATING, action)) return true;
      const condition = ESCALATING[action];
      return isNarrow && condition !== undefined && hasCondition(statement, condition);
    });
  },
  {
    "passing any role": allowing("iam:PassRole", "arn:aws:iam::111122223333:role/*"),
    "passing a role to any service": allowing("iam:PassRole", `${EXAMPLE_ROLES}-*`),
    "extending roles without a boundary": allowing("iam:PutRolePolicy", `${EXAMPLE_ROLES}-*`),
    "extending managed policies": allowing("iam:CreatePolicyVersion", EXAMPLE_ROLES),
    "decrypting with any key": allowing("kms:Decrypt", ANY_KEY),
    "reading any secret": allowing("secretsmanager:GetSecretValue", "*"),
    "with an unknown action": allowing(UNRESOLVABLE, "*"),
    "reading secrets with any tag": {
      ...allowing("secretsmanager:GetSecretValue", "*"),
      condition: [{ test: "StringLike", variable: PROJECT_TAG, values: ["*"] }],
    },
    "without resources": { resources: undefined } as unknown as Partial<Statement>,
  },
);

const MANAGED_POLICY = /^arn:aws[\w-]*:iam::aws:policy\/(?:[\w-]+\/)?(?<name>\w+)$/;
const FULL_ACCESS = /^(AdministratorAccess|PowerUserAccess|\w*FullAccess)$/;
const knownPolicy: Matcher = {
  description: "a policy of the stacks, or an AWS managed policy without full access",
  accepts: (value, { stacks, stack }) => {
    if (isResource(resolveReference(stacks, stack, value), "aws_iam_policy")) return true;
    const name = MANAGED_POLICY.exec(String(value))?.groups?.name;
    return name !== undefined && !FULL_ACCESS.test(name);
  },
  violations: ["AdministratorAccess", "IAMFullAccess", "PowerUserAccess"]
    .map((name) => `arn:aws:iam::aws:policy/${name}`)
    .concat("${aws_iam_policy.Elsewhere.arn}"),
};

/** A subject claim of one branch, tag, environment or pull requests, with and without numeric ids. */
const SUBJECT =
  /^repo:[\w.-]+(@\d+)?\/[\w.-]+(@\d+)?:(environment:[\w.-]+|pull_request|ref:refs\/(heads|tags)\/[\w./-]+)$/;
const AUDIENCE_CLAIM = "token.actions.githubusercontent.com:aud";
const SUBJECT_CLAIM = "token.actions.githubusercontent.com:sub";

type Condition = NonNullable<Statement["condition"]>;

const withConditions = (title: string, change: (condition: Condition) => Condition) =>
  altered<Statement>(title, ({ condition = [], ...statement }) => ({
    ...statement,
    condition: change(condition),
  }));

const oneRepository: Matcher = {
  description: "for AWS as audience and for branches, tags or environments of one repository",
  accepts: (value) => {
    const { condition = [] } = value as Statement;
    const valuesOf = (claim: string) =>
      condition
        .filter(({ test, variable }) => test === "StringEquals" && variable === claim)
        .flatMap(({ values }) => values);
    const subjects = valuesOf(SUBJECT_CLAIM);
    return (
      valuesOf(AUDIENCE_CLAIM).join() === "sts.amazonaws.com" &&
      subjects.length > 0 &&
      subjects.every((subject) => SUBJECT.test(subject))
    );
  },
  violations: [
    withConditions("without conditions", () => []),
    ...[AUDIENCE_CLAIM, SUBJECT_CLAIM].map((claim) =>
      withConditions(`without ${claim}`, (condition) =>
        condition.filter(({ variable }) => variable !== claim),
      ),
    ),
    ...[
      "repo:example-org/cipherwatch:*",
      "repo:example-org/*:environment:production",
      "repo:*",
      "*",
      UNRESOLVABLE,
    ].map((subject) =>
      withConditions(`for ${subject}`, (condition) =>
        condition.map((entry) =>
          entry.variable === SUBJECT_CLAIM ? { ...entry, values: [subject] } : entry,
        ),
      ),
    ),
  ],
};

export const iam: readonly ControlArea[] = [
  {
    name: "IAM",
    controls: [
      {
        id: "iam-action-wildcard",
        title: "Policies name every action",
        scanners: "CKV_AWS_1 CKV_AWS_49 CKV_AWS_62 CKV_AWS_63 CKV2_AWS_40 AWS-0345 IAM.1 IAM.21",
        exemptions: [WITHOUT_WEB_ACL, ofVpcOwner("aws_vpc_endpoint")],
        check: allOf(
          ...[
            keyStatements,
            ...([ROLE, ...WITH_RESOURCES] as const).map((holder) => allowStatements(holder)),
          ].map((statements) =>
            everyHas(statements, { actions: namedActions, not_actions: absent }),
          ),
        ),
      },
      {
        id: "iam-resource-wildcard",
        title: "Policies name every resource, where the action supports one",
        scanners: "CKV_AWS_355 CKV_AWS_356",
        exemptions: [WITHOUT_WEB_ACL, ofVpcOwner("aws_vpc_endpoint")],
        check: allOf(
          ...WITH_RESOURCES.map((holder) => everyIs(allowStatements(holder), namedResources)),
        ),
      },
      {
        id: "iam-dangerous-actions",
        title:
          "No role can escalate its permissions, obtain credentials, or exfiltrate, share or destroy arbitrary data",
        scanners:
          "CKV_AWS_107 CKV_AWS_108 CKV_AWS_109 CKV_AWS_110 CKV_AWS_111 CKV_AWS_286 CKV_AWS_287 CKV_AWS_288 CKV_AWS_289 CKV_AWS_290 AWS-0342 KMS.1 KMS.2",
        check: allOf(
          everyIs(allowStatements("aws_iam_policy"), leastPrivilege),
          everyIs(allowStatements(ROLE_POLICY), leastPrivilege),
        ),
        exemptions: [
          {
            of: ["bootstrap/aws_iam_policy.Pipeline_Boundary WriteLogs"],
            reason:
              "A permissions boundary grants nothing; it limits the role's own policies, which name their log groups. RDS chooses the name of one of those groups.",
          },
          {
            under: ["a cheap dev"],
            of: ["bootstrap/aws_iam_policy.Pipeline_Boundary DecryptMasterSecret"],
            reason:
              "A permissions boundary grants nothing. Its conditions admit only the AWS managed key for Secrets Manager, whose ID AWS chooses, and only through Secrets Manager.",
          },
        ],
      },
      {
        id: "iam-trust",
        title: "Roles trust named principals, and no role has full access",
        scanners: "CKV_AWS_60 CKV_AWS_61 CKV_AWS_274 CKV_AWS_275 CKV2_AWS_56",
        exemptions: [WITHOUT_WEB_ACL],
        check: allOf(
          everyIs(allowStatements(ROLE), singlePrincipals),
          everyIs(allowStatements("aws_cloudwatch_log_resource_policy"), principalsOfThisAccount),
          everyIs(allowStatements("aws_sqs_queue_policy"), principalsOfThisAccount),
          everyHas(ROLE, { inline_policy: absent, managed_policy_arns: absent }),
          everyHas(ATTACHMENT, { policy_arn: knownPolicy }),
          forbidden("aws_iam_user", "aws_iam_group", "aws_iam_policy_attachment"),
        ),
      },
      {
        id: "iam-github",
        title: "Roles trust GitHub's tokens of one repository, by branch or environment",
        scanners: "CKV_AWS_358 CKV_AWS_393",
        check: everyIs(
          allowStatements(ROLE, ({ principals }) =>
            (principals ?? []).some(({ type }) => type === "Federated"),
          ),
          oneRepository,
        ),
      },
    ],
  },
];

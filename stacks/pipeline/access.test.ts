import { describe, expect, test } from "vitest";
import { exampleScope } from "../../detections/example-events.ts";
import { settingsOf } from "../../settings/testing.ts";
import { synthStack } from "../../terraform/cdktf/synthesize.ts";
import type { TerraformJson } from "../../terraform/json.ts";
import { BootstrapStack } from "../bootstrap.ts";
import { synthesize } from "../synthesize.ts";
import { permissionsOfRole } from "../testing/pipeline-permissions.ts";
import {
  ACCOUNT,
  conditionsOf,
  PARTITION,
  type PolicyStatement,
  resourceOf,
  resourcesOf,
  statementsOf,
} from "../testing/synthesized.ts";

const GITHUB = { GITHUB_REPOSITORY: "example-org/cipherwatch" };
const EVERYTHING = {
  ...GITHUB,
  DOMAIN_NAME: "vault.example.com",
  HOSTED_ZONE_ID: "Z0123456789ABCDEFGHIJ",
  IMAGE_DIGEST: `sha256:${"1".repeat(64)}`,
  VPC_ENDPOINTS: "true",
  EXECUTE_COMMAND: "true",
  DECRYPT_WITHOUT_TRAIL: "refuse",
  ERASURE_LEDGER: "true",
  DEPLOYMENT_STRATEGY: "canary",
  WEBHOOK_URL: "https://hooks.example.com/cipherwatch",
};

const stackOf = (variables: Readonly<Record<string, string>>) =>
  synthStack((app) => new BootstrapStack(app, "bootstrap", { settings: settingsOf(variables) }));

const stacks = synthesize(settingsOf(EVERYTHING));
const stack = stacks.get("bootstrap") as TerraformJson;

const plan = permissionsOfRole(stack, "Plan");
const deploy = permissionsOfRole(stack, "Deploy");
const allowed = (statements: readonly PolicyStatement[]) =>
  statements.filter(({ effect }) => effect === "Allow");
const actionsOf = (statements: readonly PolicyStatement[]) => [
  ...new Set(allowed(statements).flatMap(({ actions }) => actions)),
];

describe("the trust policies", () => {
  const PROVIDER = "token.actions.githubusercontent.com";
  const trustOf = (variables: Readonly<Record<string, string>>, role: "Plan" | "Deploy") => {
    const synthesized = stackOf(variables);
    const { assume_role_policy: policy } = resourceOf(
      synthesized,
      "aws_iam_role",
      `Pipeline_${role}_`,
    );
    const statements = statementsOf(synthesized, policy);
    expect(statements).toHaveLength(1);
    return statements[0] as PolicyStatement;
  };

  const WORKFLOW = (file: string) =>
    `example-org/cipherwatch/.github/workflows/${file}.yml@refs/heads/main`;

  test("let only workflows of main plan, and only deploy.yml in the environment deploy", () => {
    expect(conditionsOf(trustOf(GITHUB, "Plan"))).toEqual([
      `StringEquals ${PROVIDER}:aud sts.amazonaws.com`,
      `StringEquals ${PROVIDER}:job_workflow_ref ${["review", "deploy", "drift", "rescan"].map(WORKFLOW).join()}`,
      `StringEquals ${PROVIDER}:sub repo:example-org/cipherwatch:ref:refs/heads/main`,
    ]);
    expect(conditionsOf(trustOf({ ...GITHUB, ENV: "prod" }, "Deploy"))).toEqual([
      `StringEquals ${PROVIDER}:aud sts.amazonaws.com`,
      `StringEquals ${PROVIDER}:job_workflow_ref ${WORKFLOW("deploy")}`,
      `StringEquals ${PROVIDER}:sub repo:example-org/cipherwatch:environment:production`,
    ]);
  });

  test("require the repository's ids in the subject if they are set", () => {
    const ids = { ...GITHUB, GITHUB_REPOSITORY_IDS: "123456/456789", GITHUB_ENVIRONMENT: "live" };
    expect(conditionsOf(trustOf(ids, "Deploy"))).toContain(
      `StringEquals ${PROVIDER}:sub repo:example-org@123456/cipherwatch@456789:environment:live`,
    );
  });

  test("create GitHub's identity provider, or refer to the existing one", () => {
    expect(trustOf(GITHUB, "Plan").principals).toEqual([
      { type: "Federated", identifiers: [expect.stringMatching(/openid_connect_provider/)] },
    ]);
    const second = { ...GITHUB, GITHUB_OIDC_PROVIDER: "false" };
    expect(stackOf(second).resource).not.toHaveProperty("aws_iam_openid_connect_provider");
    expect(trustOf(second, "Plan").principals).toEqual([
      {
        type: "Federated",
        identifiers: [`arn:${PARTITION}:iam::${ACCOUNT}:oidc-provider/${PROVIDER}`],
      },
    ]);
  });
});

test("adds no roles and no boundary without a repository", () => {
  const none = stackOf({});
  for (const type of ["aws_iam_openid_connect_provider", "aws_iam_role", "aws_iam_policy"]) {
    expect(none.resource).not.toHaveProperty(type);
  }
  for (const other of synthesize(settingsOf()).values()) {
    for (const role of Object.values(resourcesOf(other, "aws_iam_role"))) {
      expect(role).not.toHaveProperty("permissions_boundary");
    }
  }
});

test("gives the deploy role the name and path that the detections use", () => {
  const { name, path } = resourceOf(stack, "aws_iam_role", "Pipeline_Deploy_");
  expect(exampleScope.deployRoleArn).toBe(`arn:aws:iam::111122223333:role${path}${name}`);
});

describe("the permissions", () => {
  test("contain no wildcard actions", () => {
    expect(actionsOf(deploy).filter((action) => /[*?]/.test(action))).toEqual([]);
  });

  test("only allow all resources for actions without resource types, restricted by region", () => {
    const unbounded = allowed(deploy).filter(({ resources }) => resources?.includes("*"));
    for (const statement of unbounded) {
      expect(conditionsOf(statement)).toContain("StringEquals aws:RequestedRegion ap-southeast-2");
    }
    // Check the service authorization reference before adding one.
    expect(unbounded.map(({ sid }) => sid).sort()).toEqual([
      "CreateKeys",
      "DeliverLogs",
      "DescribeLoadBalancing",
      "DescribeNetwork",
      "DescribeRules",
      "ListAliases",
      "ListTrailsAndLogs",
      "ManageCompositeAlarmsAndQueries",
      "ReadCompositeAlarmsAndQueries",
      "ReadTaskDefinitionsAndScaling",
      "RequestCertificate",
      "RetireTaskDefinitions",
      "SetWebAcls",
      "SignInToRegistry",
    ]);
  });

  test("let the plan role write nothing but plans", () => {
    const changes = actionsOf(plan).filter(
      (action) =>
        !/:(Batch(Check|Get)|Describe|Get|List|Lookup)[A-Z]/.test(action) &&
        !action.startsWith("kms:"),
    );
    expect(changes).toEqual(["s3:PutObject"]);
    const writes = allowed(plan).filter(({ actions }) => actions.includes("s3:PutObject"));
    expect(writes.map(({ sid }) => sid)).toEqual(["LeavePlans"]);
  });

  test("let only the plan role look up CloudTrail events, in its region", () => {
    const lookups = allowed(plan).filter(({ actions }) =>
      actions.some((action) => action.startsWith("cloudtrail:Lookup")),
    );
    expect(lookups).toMatchObject([{ actions: ["cloudtrail:LookupEvents"] }]);
    expect(lookups.flatMap(conditionsOf)).toEqual([
      "StringEquals aws:RequestedRegion ap-southeast-2",
    ]);
    expect(actionsOf(deploy)).not.toContain("cloudtrail:LookupEvents");
  });

  test("cover every bucket of the stacks, but not those of bootstrap", () => {
    const managed = allowed(deploy)
      .filter(({ actions }) => actions.includes("s3:CreateBucket"))
      .flatMap(({ resources = [] }) => resources);
    const isManaged = (bucket: unknown) =>
      managed.some((arn) => `arn:${PARTITION}:s3:::${bucket}`.startsWith(arn.replace(/\*$/, "")));
    for (const [id, json] of stacks) {
      for (const { bucket } of Object.values(resourcesOf(json, "aws_s3_bucket"))) {
        expect(isManaged(bucket), `${id}: ${bucket}`).toBe(id !== "bootstrap");
      }
    }
  });

  test("include the tagging actions that the provider tries first on buckets", () => {
    expect(actionsOf(plan)).toContain("s3:ListTagsForResource");
    expect(actionsOf(deploy)).toEqual(
      expect.arrayContaining(["s3:ListTagsForResource", "s3:TagResource", "s3:UntagResource"]),
    );
  });

  test("find the database by resource id, and create it with the default option group", () => {
    const resourcesFor = (statements: readonly PolicyStatement[], action: string) =>
      allowed(statements)
        .filter(({ actions }) => actions.includes(action))
        .flatMap(({ resources = [] }) => resources);
    const rds = (resource: string) => `arn:${PARTITION}:rds:ap-southeast-2:${ACCOUNT}:${resource}`;
    expect(resourcesFor(plan, "rds:DescribeDBInstances")).toContain(rds("db:*"));
    for (const action of ["rds:CreateDBInstance", "rds:ModifyDBInstance"]) {
      expect(resourcesFor(deploy, action)).toContain(rds("og:default:postgres-*"));
    }
  });

  test("include listener rules, and passing a role to ECS, only if the strategy needs them", () => {
    const shifts = (statements: readonly PolicyStatement[]) => [
      actionsOf(statements).includes("elasticloadbalancing:CreateRule"),
      statements
        .flatMap(conditionsOf)
        .some(
          (condition) =>
            / (\S+,)?ecs\.amazonaws\.com,?/.test(condition) &&
            condition.includes("PassedToService"),
        ),
    ];
    expect(shifts(deploy)).toEqual([true, true]);
    const { DEPLOYMENT_STRATEGY: _, ...rolling } = EVERYTHING;
    expect(shifts(permissionsOfRole(stackOf(rolling), "Deploy"))).toEqual([false, false]);
  });

  test("include the EC2 calls that ELB makes for the caller", () => {
    expect(actionsOf(deploy)).toEqual(
      expect.arrayContaining([
        "ec2:DescribeAccountAttributes",
        "ec2:DescribeAddresses",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "ec2:GetSecurityGroupsForVpc",
      ]),
    );
  });

  test("allow listing states without a condition, so that a missing state returns 404 instead of 403", () => {
    for (const statements of [plan, deploy]) {
      const listing = allowed(statements).filter(({ sid }) => sid === "ListStates");
      expect(listing).toMatchObject([{ actions: ["s3:ListBucket"] }]);
      expect(listing.flatMap(conditionsOf)).toEqual([]);
    }
  });

  test("exclude secrets, states of other environments and bootstrap's state", () => {
    for (const statements of [plan, deploy]) {
      expect(actionsOf(statements)).not.toContain("secretsmanager:GetSecretValue");
      const objects = allowed(statements)
        .filter(({ actions }) => actions.includes("s3:GetObject"))
        .flatMap(({ resources = [] }) => resources);
      const bucket = (part: string) =>
        `arn:${PARTITION}:s3:::cipherwatch-dev-${part}-${ACCOUNT}-ap-southeast-2`;
      for (const object of objects) {
        expect([
          `${bucket("state")}/cipherwatch/dev/*.tfstate`,
          `${bucket("state")}/cipherwatch/dev/*.tfstate.tflock`,
          `${bucket("plans")}/*`,
        ]).toContain(object);
      }
      expect(statements.filter(({ effect }) => effect === "Deny")).toMatchObject([
        {
          actions: ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
          resources: [`${bucket("state")}/cipherwatch/dev/bootstrap.tfstate*`],
        },
      ]);
    }
  });

  test("allow use of keys only through S3, RDS, ECR and Secrets Manager", () => {
    const uses = allowed(deploy).filter(({ actions }) => actions.includes("kms:Decrypt"));
    expect(
      uses.map((use) => conditionsOf(use).filter((condition) => condition.includes("ViaService"))),
    ).toEqual([
      [
        "StringEquals kms:ViaService ecr.ap-southeast-2.amazonaws.com,rds.ap-southeast-2.amazonaws.com,secretsmanager.ap-southeast-2.amazonaws.com",
      ],
      ["StringEquals kms:ViaService s3.ap-southeast-2.amazonaws.com"],
    ]);
  });

  test("exclude destroying and stopping what holds data or evidence", () => {
    const harmful = actionsOf(deploy).filter((action) =>
      /^(kms:(Disable|ScheduleKeyDeletion)|s3:Delete(Bucket|ObjectVersion)|rds:(Delete|Stop)DB(Instance|Snapshot|Cluster)|ecr:(DeleteRepository|BatchDelete)|cloudtrail:(Delete|Stop)|logs:DeleteLog(Group|Stream)|secretsmanager:Delete)/.test(
        action,
      ),
    );
    expect(harmful).toEqual([]);
  });
});

describe("privilege escalation", () => {
  const boundary = `arn:${PARTITION}:iam::${ACCOUNT}:policy/bootstrap/cipherwatch-dev-boundary`;

  test("is prevented: roles can only be created and changed with the boundary", () => {
    const onRoles = allowed(deploy).filter(({ actions }) =>
      actions.some((action) => /^iam:(Create|Put|Update|Attach|Delete)/.test(action)),
    );
    const free = onRoles.filter(
      (statement) =>
        !conditionsOf(statement).includes(`StringEquals iam:PermissionsBoundary ${boundary}`),
    );
    expect(free.map(({ actions }) => actions)).toEqual([["iam:CreateServiceLinkedRole"]]);
    expect(actionsOf(deploy)).not.toContain("iam:DeleteRolePermissionsBoundary");
    expect(actionsOf(deploy)).not.toContain("iam:CreatePolicyVersion");
  });

  test("is prevented: the pipeline's own roles and boundary do not match its permissions", () => {
    for (const role of ["Plan", "Deploy"] as const) {
      expect(resourceOf(stack, "aws_iam_role", `Pipeline_${role}_`).path).toBe("/bootstrap/");
    }
    const roles = allowed(deploy)
      .filter(({ actions }) => actions.some((action) => action.startsWith("iam:")))
      .flatMap(({ resources = [] }) => resources)
      .filter((resource) => !resource.includes("/aws-service-role/"));
    expect(new Set(roles)).toEqual(
      new Set([`arn:${PARTITION}:iam::${ACCOUNT}:role/cipherwatch-dev-*`]),
    );
  });

  test("is prevented: every role of the stacks has the boundary", () => {
    const bound = [...stacks]
      .filter(([id]) => id !== "bootstrap")
      .flatMap(([, json]) => Object.values(resourcesOf(json, "aws_iam_role")))
      .map(({ permissions_boundary: bound }) => bound);
    expect(bound.length).toBeGreaterThanOrEqual(5);
    expect(new Set(bound)).toEqual(new Set([boundary]));
  });

  test("is prevented without breaking the roles: the boundary includes all their permissions", () => {
    const within = new Set(
      statementsOf(stack, resourceOf(stack, "aws_iam_policy", "Pipeline_Boundary_").policy).flatMap(
        ({ actions }) => actions,
      ),
    );
    const beyond = [...stacks]
      .filter(([id]) => id !== "bootstrap")
      .flatMap(([id, json]) =>
        Object.values(resourcesOf(json, "aws_iam_role_policy")).flatMap(({ policy }) =>
          statementsOf(json, policy)
            .flatMap(({ actions }) => actions)
            .filter((action) => !within.has(action))
            .map((action) => `${id}: ${action}`),
        ),
      );
    expect(beyond).toEqual([]);
  });
});

test("stays within IAM's limits on policy size and policies for each role", () => {
  for (const [name, { policy }] of Object.entries(resourcesOf(stack, "aws_iam_policy"))) {
    const text = JSON.stringify(statementsOf(stack, policy))
      .replaceAll(ACCOUNT, "111122223333")
      .replaceAll(PARTITION, "aws-us-gov");
    expect(text.length, name).toBeLessThan(6144);
  }
  const attached = Object.values(resourcesOf(stack, "aws_iam_role_policy_attachment"));
  expect(attached.filter(({ role }) => String(role).includes("_Deploy_")).length).toBeLessThan(11);
});

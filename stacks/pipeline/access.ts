import { IamOpenidConnectProvider } from "@cdktf/provider-aws/lib/iam-openid-connect-provider/index.js";
import { IamPolicy } from "@cdktf/provider-aws/lib/iam-policy/index.js";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role/index.js";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy/index.js";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment/index.js";
import { Construct } from "constructs";
import { bootstrapPath, resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { policyJson, type Statement } from "../constructs/policy.ts";
import { onAllResources } from "./areas/area.ts";
import { permissionsOf } from "./areas/index.ts";
import { boundaryName, boundaryStatements } from "./boundary.ts";
import { bucketAccess, type PipelineBuckets } from "./bucket-access.ts";
import { type Repository, subjectOf } from "./subject.ts";

export interface PipelineAccessProps extends PipelineBuckets {
  readonly repository: Repository;
  /** The GitHub environment whose jobs may deploy. */
  readonly environment: string;
  /** Whether to create the account's identity provider for GitHub's tokens. If not, it must exist. */
  readonly createProvider: boolean;
}

const ISSUER = "token.actions.githubusercontent.com";
const AUDIENCE = "sts.amazonaws.com";

/** The branch whose workflows plan and deploy. */
const MAIN = "refs/heads/main";
const PLANNING = ["review", "deploy", "drift", "rescan"];
const DEPLOYING = ["deploy"];

/**
 * Access for the workflows of a GitHub repository, without stored credentials: a role that plans, for
 * workflows of the main branch, and a role that deploys, only for jobs of one GitHub environment. Both trust
 * named workflow files of main, so that a branch that adds or edits a workflow cannot assume them.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
 */
export class PipelineAccess extends Construct {
  readonly planRoleArn: string;
  readonly deployRoleArn: string;
  readonly #providerArn: string;

  constructor(scope: Construct, id: string, props: PipelineAccessProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const { repository, environment, createProvider } = props;
    // No thumbprint: AWS trusts the certificate authorities of GitHub's issuer.
    this.#providerArn = createProvider
      ? new IamOpenidConnectProvider(this, "Provider", {
          url: `https://${ISSUER}`,
          clientIdList: [AUDIENCE],
        }).arn
      : stack.globalArn("iam", `oidc-provider/${ISSUER}`);

    if (stack.settings.permissionsBoundary === undefined)
      this.#policy("Boundary", boundaryName(stack), boundaryStatements(stack));
    const { env } = stack.settings;
    const permissions = permissionsOf(stack).map(({ id: part, read, write }) => ({
      part,
      read: this.#policy(`Read-${part}`, resourceName(env, `read-${part}`), read),
      write: this.#policy(`Write-${part}`, resourceName(env, `write-${part}`), write),
    }));
    const access = bucketAccess(stack, props);

    const plan = this.#role("Plan", {
      description: "Plans for pull requests and drift checks. Cannot change resources.",
      subject: subjectOf(repository, `ref:${MAIN}`),
      workflows: workflowsOf(repository, PLANNING),
      policies: permissions.map(({ part, read }) => [part, read]),
      buckets: [
        ...access.plan,
        // For the drift check, which names who changed a resource. The action has no resource types.
        onAllResources(stack, "FindWhoChangedResources", ["cloudtrail:LookupEvents"]),
      ],
    });
    const deploy = this.#role("Deploy", {
      description: `Deploys for jobs of the GitHub environment ${environment}`,
      subject: subjectOf(repository, `environment:${environment}`),
      workflows: workflowsOf(repository, DEPLOYING),
      policies: permissions.flatMap(({ part, read, write }) => [
        [`read-${part}`, read],
        [`write-${part}`, write],
      ]),
      buckets: access.deploy,
    });
    this.planRoleArn = plan.arn;
    this.deployRoleArn = deploy.arn;
  }

  #policy(id: string, name: string, statements: readonly Statement[]): IamPolicy {
    return new IamPolicy(this, id, {
      name,
      path: bootstrapPath(CipherwatchStack.of(this).settings.rolePath),
      policy: policyJson(this, `${id}Statements`, statements),
    });
  }

  #role(
    id: "Plan" | "Deploy",
    { description, subject, workflows, policies, buckets }: RoleProps,
  ): IamRole {
    const { env, rolePath } = CipherwatchStack.of(this).settings;
    const role = new IamRole(this, id, {
      name: resourceName(env, id.toLowerCase()),
      path: bootstrapPath(rolePath),
      description,
      assumeRolePolicy: policyJson(this, `${id}Trust`, [
        {
          sid: "WorkflowsAssume",
          principals: { type: "Federated", identifiers: [this.#providerArn] },
          actions: ["sts:AssumeRoleWithWebIdentity"],
          conditions: [
            ["StringEquals", `${ISSUER}:aud`, AUDIENCE],
            ["StringEquals", `${ISSUER}:sub`, subject],
            ["StringEquals", `${ISSUER}:job_workflow_ref`, ...workflows],
          ],
        },
      ]),
    });
    new IamRolePolicy(this, `${id}Buckets`, {
      name: "states-and-plans",
      role: role.name,
      policy: policyJson(this, `${id}BucketStatements`, buckets),
    });
    for (const [part, policy] of policies) {
      new IamRolePolicyAttachment(this, `${id}-${part}`, {
        role: role.name,
        policyArn: policy.arn,
      });
    }
    return role;
  }
}

/**
 * Builds values of the claim `job_workflow_ref`, which AWS STS can check in its commercial regions.
 * https://docs.github.com/en/actions/reference/security/oidc
 */
function workflowsOf({ name }: Repository, files: readonly string[]): string[] {
  return files.map((file) => `${name}/.github/workflows/${file}.yml@${MAIN}`);
}

interface RoleProps {
  readonly description: string;
  /** Subject of the tokens that may assume the role. */
  readonly subject: string;
  /** Workflow files whose jobs may assume the role, with the branch that defines them. */
  readonly workflows: readonly string[];
  /** Policies to attach, with their part of the construct id. */
  readonly policies: readonly (readonly [part: string, policy: IamPolicy])[];
  /** Statements of the inline policy for states and plans. */
  readonly buckets: readonly Statement[];
}

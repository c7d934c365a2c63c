import { TerraformOutput, type TerraformResourceLifecycle } from "cdktf";
import type { Construct } from "constructs";
import { keyAlias } from "../common/naming.ts";
import { CipherwatchStack, type CipherwatchStackProps } from "./cipherwatch-stack.ts";
import { supportingKey, THIS_KEY } from "./constructs/encryption-key.ts";
import { grantAccessLogs, HardenedBucket } from "./constructs/hardened-bucket.ts";
import { KeyChangeRule } from "./constructs/key-change-rule.ts";
import { accountPrincipals, type Statement, viaService } from "./constructs/policy.ts";
import { PipelineAccess } from "./pipeline/access.ts";

/** Days for which a reviewed plan can be applied. */
const PLAN_DAYS = 7;

/**
 * Everything that a pipeline needs to deploy the other stacks: a bucket for states, a bucket for reviewed
 * plans and, if the settings name a GitHub repository, the roles of its workflows.
 *
 * A person deploys it once with a local state, then moves that state into the new bucket (docs/state.md).
 * The pipeline's roles cannot change it.
 */
export class BootstrapStack extends CipherwatchStack {
  readonly stateBucketName: string;
  readonly planBucketName: string;

  constructor(scope: Construct, id: string, props: CipherwatchStackProps) {
    super(scope, id, props);
    const { settings } = this;
    const { env, trailRetentionDays, githubRepository, githubRepositoryIds } = settings;
    const keyArn = supportingKey(this, "StateKey", {
      alias: keyAlias(env, "state"),
      description: `Encrypts the Terraform states and plans of cipherwatch ${env}`,
      grants: [this.#grantUsers()],
    });
    if (keyArn !== undefined) {
      new KeyChangeRule(this, "StateKeyChange", {
        keyArn,
        part: "state",
        encrypts: "the Terraform states and plans",
      });
    }
    const accessLogs = new HardenedBucket(this, "AccessLogs", {
      part: "state-access-logs",
      expirationDays: trailRetentionDays,
      grants: (bucket) => [grantAccessLogs(this, bucket)],
    });
    const stateBucket = new HardenedBucket(this, "StateBucket", {
      part: "state",
      keyArn,
      accessLogs,
      grants: () => [],
    });
    const planBucket = new HardenedBucket(this, "PlanBucket", {
      part: "plans",
      keyArn,
      expirationDays: PLAN_DAYS,
      accessLogs,
      grants: () => [],
    });
    this.stateBucketName = stateBucket.bucketName;
    this.planBucketName = planBucket.bucketName;

    new TerraformOutput(this, "StateBucketName", { value: this.stateBucketName });
    new TerraformOutput(this, "PlanBucketName", { value: this.planBucketName });

    if (githubRepository !== undefined) {
      const access = new PipelineAccess(this, "Pipeline", {
        stateBucketArn: stateBucket.bucketArn,
        planBucketArn: planBucket.bucketArn,
        keyArn,
        repository: { name: githubRepository, ids: githubRepositoryIds },
        environment: settings.githubEnvironment,
        createProvider: settings.githubOidcProvider,
      });
      new TerraformOutput(this, "PlanRoleArn", { value: access.planRoleArn });
      new TerraformOutput(this, "DeployRoleArn", { value: access.deployRoleArn });
    }
  }

  /** Also protects the state bucket while it is in use, in every environment. */
  override get protection(): { readonly lifecycle?: TerraformResourceLifecycle } {
    const { deletionProtection, stateBucket } = this.settings;
    const inUse = stateBucket !== undefined;
    return deletionProtection || inUse ? { lifecycle: { preventDestroy: true } } : {};
  }

  /** Lets principals who may access the buckets use the key, but only through S3. */
  #grantUsers(): Statement {
    return {
      sid: "UsersEncryptAndDecryptThroughS3",
      principals: accountPrincipals(this),
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      resources: THIS_KEY,
      conditions: [viaService(this, "s3")],
    };
  }
}

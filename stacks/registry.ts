import { EcrLifecyclePolicy } from "@cdktf/provider-aws/lib/ecr-lifecycle-policy/index.js";
import { EcrRepository } from "@cdktf/provider-aws/lib/ecr-repository/index.js";
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { keyAlias, repositoryName } from "../common/naming.ts";
import { CipherwatchStack, type CipherwatchStackProps } from "./cipherwatch-stack.ts";
import { supportingKey, THIS_KEY } from "./constructs/encryption-key.ts";
import { keepCustomerKey, keepKeys } from "./constructs/fixed-keys.ts";
import { accountPrincipals, type Statement, viaService } from "./constructs/policy.ts";

/** Days for which untagged images are kept. */
const UNTAGGED_DAYS = 7;

/**
 * The ECR repository of the service's image. It has no repository policy: IAM policies decide who may push
 * and pull, and no other account has access.
 */
export class RegistryStack extends CipherwatchStack {
  /** KMS key of the images. Undefined if ECR owns it. */
  readonly keyArn: string | undefined;
  readonly repositoryName: string;
  readonly repositoryArn: string;
  /** `<account>.dkr.ecr.<region>.amazonaws.com/<name>`, without tag or digest. */
  readonly repositoryUrl: string;

  constructor(scope: Construct, id: string, props: CipherwatchStackProps) {
    super(scope, id, props);
    const { env, imagesKept, deletionProtection } = this.settings;
    this.repositoryName = repositoryName(env);
    this.keyArn = supportingKey(this, "RegistryKey", {
      alias: keyAlias(env, "registry"),
      description: `Encrypts the images of cipherwatch ${env}`,
      grants: [this.#grantRegistry()],
    });
    keepKeys(this);
    const repository = new EcrRepository(this, "Repository", {
      name: this.repositoryName,
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: [
        this.keyArn === undefined
          ? { encryptionType: "AES256" }
          : { encryptionType: "KMS", kmsKey: this.keyArn },
      ],
      forceDelete: !deletionProtection,
      ...this.protection,
      ...keepCustomerKey(
        this,
        "encryption_configuration",
        'self.encryption_configuration[0].encryption_type == "AES256"',
        this.protection.lifecycle,
      ),
    });
    this.repositoryArn = repository.arn;
    this.repositoryUrl = repository.repositoryUrl;
    new EcrLifecyclePolicy(this, "Lifecycle", {
      repository: repository.name,
      policy: JSON.stringify({ rules: [expireUntagged(1), keepNewest(2, imagesKept)] }),
    });

    new TerraformOutput(this, "RepositoryUrl", { value: this.repositoryUrl });
  }

  /**
   * Lets ECR create grants for itself when a repository is created, with the permissions of the creator,
   * and retire them when it is deleted.
   * https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
   */
  #grantRegistry(): Statement {
    return {
      sid: "RegistryGrantsItselfUse",
      principals: accountPrincipals(this),
      actions: ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
      resources: THIS_KEY,
      conditions: [viaService(this, "ecr")],
    };
  }
}

/**
 * Does not expire the platform images of a tagged multi-platform image, although they have no tags.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
 */
function expireUntagged(rulePriority: number) {
  return {
    rulePriority,
    description: `Without a tag: gone after ${UNTAGGED_DAYS} days`,
    selection: {
      tagStatus: "untagged",
      countType: "sinceImagePushed",
      countUnit: "days",
      countNumber: UNTAGGED_DAYS,
    },
    action: { type: "expire" },
  };
}

function keepNewest(rulePriority: number, count: number) {
  return {
    rulePriority,
    description: `With a tag: the newest ${count} are kept`,
    selection: {
      tagStatus: "tagged",
      tagPatternList: ["*"],
      countType: "imageCountMoreThan",
      countNumber: count,
    },
    action: { type: "expire" },
  };
}

import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity/index.js";
import { DataAwsPartition } from "@cdktf/provider-aws/lib/data-aws-partition/index.js";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider/index.js";
import { LocalBackend, S3Backend, type TerraformResourceLifecycle, TerraformStack } from "cdktf";
import type { Construct, IConstruct } from "constructs";
import type { Settings } from "../settings/index.ts";

/** The first version whose S3 backend locks without DynamoDB as a stable feature. */
const REQUIRED_TERRAFORM = ">= 1.11.0";

/** The settings of a stack. The environment can be one that monitors other keys, such as `watch-dev`. */
export type StackSettings = Omit<Settings, "env"> & { readonly env: string };

export interface CipherwatchStackProps {
  readonly settings: StackSettings;
}

/** Base class of all stacks: provider, tags, required Terraform version and state backend. */
export class CipherwatchStack extends TerraformStack {
  readonly settings: StackSettings;
  #account: DataAwsCallerIdentity | undefined;
  #partition: DataAwsPartition | undefined;

  constructor(scope: Construct, id: string, { settings }: CipherwatchStackProps) {
    super(scope, id);
    this.settings = settings;
    new AwsProvider(this, "Aws", {
      region: settings.region,
      ...(settings.accountId === undefined ? {} : { allowedAccountIds: [settings.accountId] }),
      defaultTags: [
        {
          tags: {
            ...settings.tags,
            Project: "cipherwatch",
            Environment: settings.env,
            Stack: id,
            ManagedBy: "terraform",
          },
        },
      ],
    });
    this.addOverride("terraform.required_version", REQUIRED_TERRAFORM);
    this.#addBackend(id);
  }

  static override of(construct: IConstruct): CipherwatchStack {
    const stack = TerraformStack.of(construct);
    if (stack instanceof CipherwatchStack) return stack;
    throw new TypeError(
      `${construct.node.path} needs the provider and the settings of a CipherwatchStack, but the stack ${stack.node.id} is not one. Make the stack extend CipherwatchStack.`,
    );
  }

  /** For resources that hold data: Terraform refuses to destroy them if the settings protect them. */
  get protection(): { readonly lifecycle?: TerraformResourceLifecycle } {
    return this.settings.deletionProtection ? { lifecycle: { preventDestroy: true } } : {};
  }

  /** Twelve digits. Terraform reads the id while it plans. */
  get accountId(): string {
    this.#account ??= new DataAwsCallerIdentity(this, "Account");
    return this.#account.accountId;
  }

  /** `aws`, `aws-cn` or `aws-us-gov`. */
  get partition(): string {
    this.#partition ??= new DataAwsPartition(this, "Partition");
    return this.#partition.partition;
  }

  /** Builds the ARN of a regional resource of this account, which need not exist yet. */
  regionalArn(service: string, resource: string): string {
    return `arn:${this.partition}:${service}:${this.settings.region}:${this.accountId}:${resource}`;
  }

  /** Builds the ARN of a global resource of this account, such as an IAM role. */
  globalArn(service: string, resource: string): string {
    return `arn:${this.partition}:${service}::${this.accountId}:${resource}`;
  }

  /** Builds the ARN of a role of ours, which need not exist yet. */
  roleArn(name: string): string {
    return this.globalArn("iam", `role${this.settings.rolePath}${name}`);
  }

  #addBackend(id: string): void {
    const { env, region, stateBucket } = this.settings;
    if (stateBucket === undefined) {
      // Relative to <output folder>/stacks/<id>, so that the output contains no path of this machine.
      new LocalBackend(this, { path: `../../../tfstate/${env}/${id}.tfstate` });
      return;
    }
    // No `encrypt`: it would request S3's key instead of the bucket's default KMS key.
    new S3Backend(this, { bucket: stateBucket, key: `cipherwatch/${env}/${id}.tfstate`, region });
    this.addOverride("terraform.backend.s3.use_lockfile", true); // CDKTF lacks this option
  }
}

import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity/index.js";
import { DataAwsPartition } from "@cdktf/provider-aws/lib/data-aws-partition/index.js";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider/index.js";
import { LocalBackend, S3Backend, type TerraformResourceLifecycle, TerraformStack } from "cdktf";
import type { Construct, IConstruct } from "constructs";
import type { Settings } from "../settings/index.ts";

/** The first version whose S3 backend locks without DynamoDB outside of an experiment. */
const REQUIRED_TERRAFORM = ">= 1.11.0";

export interface CipherwatchStackProps {
  readonly settings: Settings;
}

/** What every stack has: provider, tags, required versions and where its state lives. */
export class CipherwatchStack extends TerraformStack {
  readonly settings: Settings;
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
      `${construct.node.path} is in the stack ${stack.node.id}, which is no CipherwatchStack: it has neither the provider nor the settings that this construct needs. Let that stack extend CipherwatchStack.`,
    );
  }

  /** For what holds data: where the settings protect it, Terraform refuses to destroy it. */
  get protection(): { readonly lifecycle?: TerraformResourceLifecycle } {
    return this.settings.deletionProtection ? { lifecycle: { preventDestroy: true } } : {};
  }

  /** Twelve digits, known to Terraform when it plans. */
  get accountId(): string {
    this.#account ??= new DataAwsCallerIdentity(this, "Account");
    return this.#account.accountId;
  }

  /** `aws`, `aws-cn` or `aws-us-gov`. */
  get partition(): string {
    this.#partition ??= new DataAwsPartition(this, "Partition");
    return this.#partition.partition;
  }

  /** The ARN of something in this account and region, from its name, whether it exists yet or not. */
  regionalArn(service: string, resource: string): string {
    return `arn:${this.partition}:${service}:${this.settings.region}:${this.accountId}:${resource}`;
  }

  /** The ARN of something in this account that belongs to no region, such as an IAM role. */
  globalArn(service: string, resource: string): string {
    return `arn:${this.partition}:${service}::${this.accountId}:${resource}`;
  }

  #addBackend(id: string): void {
    const { env, region, stateBucket } = this.settings;
    if (stateBucket === undefined) {
      // Relative to <output folder>/stacks/<id>, so that the output names no folder of this machine.
      new LocalBackend(this, { path: `../../../tfstate/${env}/${id}.tfstate` });
      return;
    }
    // The bucket encrypts, under its own key: `encrypt` would ask for S3's instead.
    new S3Backend(this, { bucket: stateBucket, key: `cipherwatch/${env}/${id}.tfstate`, region });
    this.addOverride("terraform.backend.s3.use_lockfile", true); // CDKTF has no option for it
  }
}

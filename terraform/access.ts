import type { Resource, Terraform } from "./reader.ts";

/** The policies of the stacks: JSON documents with every reference resolved. */
export interface DeployedAccess {
  readonly roles: readonly DeployedRole[];
  readonly endpoints: readonly DeployedEndpoint[];
  readonly databases: readonly DeployedDatabase[];
}

export interface DeployedRole {
  readonly name: string;
  readonly arn: string;
  readonly trustPolicy: string;
  /** Inline and attached policies. */
  readonly policies: readonly string[];
  /** The policy of the permissions boundary. */
  readonly boundary?: string;
}

/** A VPC endpoint. */
export interface DeployedEndpoint {
  readonly id: string;
  readonly vpcId: string;
  /** Name of the service in the endpoint's service name, such as `kms`. */
  readonly service: string;
  readonly policy: string;
}

/** An RDS database, and its master secret in Secrets Manager. */
export interface DeployedDatabase {
  readonly identifier: string;
  readonly secretArn: string;
  readonly secretKeyArn?: string;
}

export interface DeployedKey {
  /** `<stack>/<type>.<name>`: stable, so that the lab keeps a key's material across restarts. */
  readonly address: string;
  readonly keyId: string;
  readonly arn: string;
  readonly description: string;
  /** Alias names, `alias/…`. */
  readonly aliases: readonly string[];
  /** The key policy, in JSON. */
  readonly policy: string;
  readonly tags: Readonly<Record<string, string>>;
  /** ARN of the primary key, for a multi-Region key: its own, or that of the key that it replicates. */
  readonly primaryKeyArn?: string;
  /** Days between automatic rotations; absent if the key has none. */
  readonly rotationDays?: number;
}

/** @throws Error with the resource and the attribute that is missing */
export function readKeys(terraform: Terraform): readonly DeployedKey[] {
  const aliases = terraform.resources("aws_kms_alias").map((resource) => ({
    name: text(resource, "name"),
    target: text(resource, "target_key_id"),
  }));
  const resources = ["aws_kms_key", "aws_kms_replica_key"].flatMap(terraform.resources);
  return resources.map((resource) => {
    const keyId = text(resource, "key_id");
    const arn = text(resource, "arn");
    const isPrimary = resource.get("multi_region") === true;
    const primaryKeyArn = isPrimary ? arn : resource.get("primary_key_arn");
    return {
      address: resource.address,
      keyId,
      arn,
      description: text(resource, "description"),
      policy: text(resource, "policy"),
      tags: resource.tags(),
      aliases: aliases
        .filter(({ target }) => target === keyId || target === arn)
        .map(({ name }) => name),
      ...(typeof primaryKeyArn === "string" && { primaryKeyArn }),
      ...(resource.get("enable_key_rotation") === true && {
        rotationDays: Number(resource.get("rotation_period_in_days") ?? 365),
      }),
    };
  });
}

/** @throws Error with the resource and the attribute that is missing or refers to nothing in the stacks */
export function readAccess(terraform: Terraform): DeployedAccess {
  const managed = new Map(
    terraform
      .resources("aws_iam_policy")
      .map((resource) => [text(resource, "arn"), text(resource, "policy")]),
  );
  const managedPolicy = (resource: Resource, attribute: string) => {
    const arn = text(resource, attribute);
    const policy = managed.get(arn);
    if (policy !== undefined) return policy;
    throw new Error(
      `Cannot read ${resource.address}: ${attribute} is ${arn}, which is not a policy of the stacks. Its policies: ${[...managed.keys()].join(", ") || "none"}.`,
    );
  };
  const inline = terraform.resources("aws_iam_role_policy").map((resource) => ({
    role: text(resource, "role"),
    policy: text(resource, "policy"),
  }));
  const attached = terraform.resources("aws_iam_role_policy_attachment").map((resource) => ({
    role: text(resource, "role"),
    policy: managedPolicy(resource, "policy_arn"),
  }));
  return {
    roles: terraform.resources("aws_iam_role").map((resource) => {
      const name = text(resource, "name");
      const hasBoundary = resource.get("permissions_boundary") !== undefined;
      return {
        name,
        arn: text(resource, "arn"),
        trustPolicy: text(resource, "assume_role_policy"),
        policies: [...inline, ...attached]
          .filter(({ role }) => role === name)
          .map(({ policy }) => policy),
        ...(hasBoundary ? { boundary: managedPolicy(resource, "permissions_boundary") } : {}),
      };
    }),
    endpoints: terraform.resources("aws_vpc_endpoint").map((resource) => ({
      id: text(resource, "id"),
      vpcId: text(resource, "vpc_id"),
      service: text(resource, "service_name").split(".").slice(3).join("."),
      policy: text(resource, "policy"),
    })),
    databases: terraform.resources("aws_db_instance").map((resource) => ({
      identifier: text(resource, "identifier"),
      secretArn: masterSecretArn(resource),
      ...(resource.get("master_user_secret_kms_key_id") !== undefined && {
        secretKeyArn: text(resource, "master_user_secret_kms_key_id"),
      }),
    })),
  };
}

function masterSecretArn(resource: Resource): string {
  const [secret] = resource.get("master_user_secret") as readonly { secret_arn: string }[];
  if (secret !== undefined) return secret.secret_arn;
  throw new Error(`Cannot read ${resource.address}: it has no master_user_secret.`);
}

function text(resource: Resource, attribute: string): string {
  const value = resource.get(attribute);
  if (typeof value === "string" && value !== "") return value;
  throw new Error(
    `Cannot read ${resource.address}: ${attribute} is ${JSON.stringify(value)}; it must be text.`,
  );
}

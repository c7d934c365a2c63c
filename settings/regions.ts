import { MAX_ENVIRONMENT_LENGTH } from "../common/environment.ts";
import { replicaEnvironment } from "../common/naming.ts";
import type * as existing from "./existing.ts";
import type * as general from "./general.ts";
import { validateRegion } from "./general.ts";
import type * as keysAndLogs from "./keys-and-logs.ts";
import { listOf, validated } from "./schemas.ts";
import type * as service from "./service.ts";
import { flag, type Refinement, same, setting, text, type ValuesOf } from "./setting.ts";

const MULTI_REGION_KEY_ARN = /^arn:aws[\w-]*:kms:[a-z0-9-]+:\d{12}:key\/mrk-[0-9a-f]{32}$/;

export const settings = {
  replicaRegion: setting<string | undefined>({
    description:
      "Second Region to fail over to. The newest generation of the KMS key is a multi-Region key, with a replica in this Region only. See failover.md.",
    schema: validated(validateRegion).optional(),
    allowed: "an AWS region code other than that of CIPHERWATCH_REGION, such as ap-southeast-1",
    next: "choose one from `aws account list-regions`, or unset it to use a single Region",
  }),

  primaryKeyArns: setting<readonly string[]>({
    description:
      "Makes this deployment the replica of one in another Region: ARNs of the primary deployment's multi-Region KMS keys, in the order of CIPHERWATCH_KEY_GENERATIONS. The kms stack replicates them instead of creating keys.",
    schema: listOf((arn) =>
      MULTI_REGION_KEY_ARN.test(arn)
        ? undefined
        : `has ${arn}, which is not the ARN of a multi-Region key`,
    ),
    defaults: same([]),
    allowed:
      "ARNs of keys whose IDs begin with mrk-, such as arn:aws:kms:ap-southeast-2:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab",
    next: "copy them from the output KeyArn of the primary deployment's kms stack",
  }),

  sourceDatabaseArn: setting<string | undefined>({
    description:
      "ARN of the database of the other Region's deployment. Its backups are copied to this Region, and the database is restored from them when it is created. See failover.md.",
    schema: text(
      /^arn:aws[\w-]*:rds:[a-z0-9-]+:\d{12}:db:[a-z][a-z0-9-]*$/,
      "is not the ARN of an RDS database",
    ).optional(),
    allowed: "an ARN such as arn:aws:rds:ap-southeast-2:111122223333:db:cipherwatch-prod-database",
    next: "copy it from `aws rds describe-db-instances` in the other Region",
  }),

  standby: flag({
    description:
      "Deploy without database instance and service, while the other Region serves. Unset it to fail over. See failover.md.",
    defaults: same(false),
  }),
};

type Values = ValuesOf<typeof settings & typeof general.settings & typeof keysAndLogs.settings> &
  Pick<ValuesOf<typeof existing.settings>, "existingKeys"> &
  Pick<ValuesOf<typeof service.settings>, "operatingHours">;

/** Whether the settings describe the replica of a deployment in another Region. */
export function isReplica({ primaryKeyArns }: Pick<Values, "primaryKeyArns">): boolean {
  return primaryKeyArns.length > 0;
}

/** Returns the environment in the names of the resources. */
export function resourceEnvironment(
  settings: { readonly env: string } & Pick<Values, "primaryKeyArns">,
): string {
  return isReplica(settings) ? replicaEnvironment(settings.env) : settings.env;
}

const regionOf = (arn: string) => arn.split(":")[3];
const accountOf = (arn: string) => arn.split(":")[4];

/** @returns an error message for a resource that is not of another Region of the account */
function inOtherRegion(arn: string, { region, accountId }: Values): string | undefined {
  if (regionOf(arn) === region) {
    return `is in ${region}, the Region of this deployment; it must be in another Region`;
  }
  if (accountId !== undefined && accountOf(arn) !== accountId) {
    return `is in account ${accountOf(arn)}, not in ${accountId}; both deployments must be in one account`;
  }
  return undefined;
}

export const refinements: readonly Refinement<Values>[] = [
  {
    fields: ["customerManagedKeys", "replicaRegion", "primaryKeyArns", "sourceDatabaseArn"],
    check: ({ customerManagedKeys, replicaRegion, primaryKeyArns, sourceDatabaseArn }) =>
      customerManagedKeys === "records" &&
      (replicaRegion !== undefined ||
        primaryKeyArns.length > 0 ||
        sourceDatabaseArn !== undefined) &&
      "must be all with a second Region: copies of the database's backups need a customer managed key there, and AWS managed keys cannot be shared",
    allowed:
      "all, with CIPHERWATCH_REPLICA_REGION, CIPHERWATCH_PRIMARY_KEY_ARNS or CIPHERWATCH_SOURCE_DATABASE_ARN",
    next: "unset it, or use a single Region",
  },
  {
    fields: ["operatingHours", "replicaRegion", "primaryKeyArns", "sourceDatabaseArn"],
    check: ({ operatingHours, replicaRegion, primaryKeyArns, sourceDatabaseArn }) =>
      operatingHours !== undefined &&
      (replicaRegion !== undefined ||
        primaryKeyArns.length > 0 ||
        sourceDatabaseArn !== undefined) &&
      "must not be set with a second Region: outside these hours, there would be no service to fail over from or to",
    allowed:
      "unset, with CIPHERWATCH_REPLICA_REGION, CIPHERWATCH_PRIMARY_KEY_ARNS or CIPHERWATCH_SOURCE_DATABASE_ARN",
    next: "unset it, or use a single Region",
  },
  {
    fields: ["replicaRegion", "region"],
    check: ({ replicaRegion, region }) =>
      replicaRegion === region && `is ${region}, which is the Region of this deployment`,
    allowed: "another Region than CIPHERWATCH_REGION",
    next: "set another Region, or unset it to use a single Region",
  },
  {
    fields: ["replicaRegion", "primaryKeyArns"],
    check: ({ replicaRegion, primaryKeyArns }) =>
      replicaRegion !== undefined &&
      primaryKeyArns.length > 0 &&
      "must not be set in a replica: KMS replicates only primary keys",
    allowed: "unset, with CIPHERWATCH_PRIMARY_KEY_ARNS",
    next: "set it in the primary deployment, and unset it here",
  },
  {
    fields: ["replicaRegion", "keyGenerations", "existingKeys"],
    check: ({ replicaRegion, keyGenerations, existingKeys }) =>
      replicaRegion !== undefined &&
      existingKeys[String(keyGenerations.at(-1))] !== undefined &&
      `is set, but the newest generation, ${keyGenerations.at(-1)}, is an existing key, which the stacks do not create`,
    allowed: "a newest generation that is not in CIPHERWATCH_EXISTING_KEYS",
    next: "append a generation, or let the owner of the key replicate it",
  },
  {
    fields: ["primaryKeyArns", "existingKeys"],
    check: ({ primaryKeyArns, existingKeys }) =>
      primaryKeyArns.length > 0 &&
      Object.keys(existingKeys).length > 0 &&
      "must not be set with CIPHERWATCH_EXISTING_KEYS: the keys of a replica are replicas",
    allowed: "one of CIPHERWATCH_PRIMARY_KEY_ARNS and CIPHERWATCH_EXISTING_KEYS",
    next: "unset one of them",
  },
  {
    fields: ["env", "primaryKeyArns"],
    check: (values) => {
      const name = resourceEnvironment(values);
      return (
        name.length > MAX_ENVIRONMENT_LENGTH &&
        `makes the name of a replica too long: ${name} has ${name.length} characters`
      );
    },
    allowed: `up to ${MAX_ENVIRONMENT_LENGTH - replicaEnvironment("").length} characters, with CIPHERWATCH_PRIMARY_KEY_ARNS`,
    next: "give both deployments a shorter environment, or unset CIPHERWATCH_PRIMARY_KEY_ARNS",
  },
  {
    fields: ["primaryKeyArns", "keyGenerations"],
    check: ({ primaryKeyArns, keyGenerations }) =>
      primaryKeyArns.length > 0 &&
      primaryKeyArns.length !== keyGenerations.length &&
      `has ${primaryKeyArns.length} ARNs for ${keyGenerations.length} generations (${keyGenerations.join(",")})`,
    allowed: "one ARN for each of CIPHERWATCH_KEY_GENERATIONS, in the same order",
    next: "list in CIPHERWATCH_KEY_GENERATIONS only the primary deployment's multi-Region generations",
  },
  {
    fields: ["primaryKeyArns", "region", "accountId"],
    check: (values) => values.primaryKeyArns.flatMap((arn) => inOtherRegion(arn, values) ?? []),
    allowed: "keys of the same account in another Region",
    next: "copy the ARNs from the primary deployment",
  },
  {
    fields: ["sourceDatabaseArn", "region", "accountId"],
    check: (values) =>
      values.sourceDatabaseArn !== undefined && inOtherRegion(values.sourceDatabaseArn, values),
    allowed: "a database of the same account in another Region",
    next: "copy the ARN from the other Region's deployment",
  },
  {
    fields: ["sourceDatabaseArn", "replicaRegion", "primaryKeyArns"],
    check: ({ sourceDatabaseArn, replicaRegion, primaryKeyArns }) =>
      sourceDatabaseArn !== undefined &&
      replicaRegion === undefined &&
      primaryKeyArns.length === 0 &&
      "is set without a multi-Region key, so no record of that database could be decrypted",
    allowed:
      "set with CIPHERWATCH_REPLICA_REGION, or in a replica with CIPHERWATCH_PRIMARY_KEY_ARNS",
    next: "set one of these as well, or unset it",
  },
  {
    fields: ["standby", "sourceDatabaseArn"],
    check: ({ standby, sourceDatabaseArn }) =>
      standby &&
      sourceDatabaseArn === undefined &&
      "is true without CIPHERWATCH_SOURCE_DATABASE_ARN, so there would be nothing to fail over to",
    allowed: "true only with CIPHERWATCH_SOURCE_DATABASE_ARN",
    next: "set the ARN of the other Region's database, or unset it",
  },
];

import { createHash, randomBytes } from "node:crypto";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { DeployedKey } from "../../../terraform/deployment.ts";
import type { Clock } from "../../state/clock.ts";
import type { Journal } from "../../state/journal.ts";
import { partitionOf } from "../shared/arn.ts";
import type { Caller } from "../shared/operation.ts";

/** What KMS remembers of its keys. `key` is the key's id; times are milliseconds since the epoch. */
export type KmsEntry =
  | { readonly key: string; readonly material: string; readonly createdAt: number }
  | { readonly key: string; readonly state: "Enabled" | "Disabled" }
  | { readonly key: string; readonly state: "PendingDeletion"; readonly deletionDate: number };

export type KeyState =
  | { readonly state: "Enabled" | "Disabled" }
  | { readonly state: "PendingDeletion"; readonly deletionDate: number };

export interface KmsKey {
  readonly keyId: string;
  readonly arn: string;
  readonly description: string;
  readonly aliases: readonly string[];
  readonly createdAt: number;
  readonly material: Buffer;
  /** 64 hexadecimal digits. */
  readonly materialId: string;
  readonly current: KeyState;
}

export interface Keys {
  /** All keys that exist, in the order of the deployment. */
  readonly all: () => readonly KmsKey[];
  readonly withId: (keyId: string) => KmsKey | undefined;
  /**
   * The key that a request names by id, ARN, alias name or alias ARN.
   * @throws NotFoundException, or AccessDeniedException for a key of another account
   */
  readonly named: (reference: string, by: Pick<Caller, "arn"> & { operation: string }) => KmsKey;
  readonly aliasArn: (alias: string) => string;
  readonly change: (key: KmsKey, next: KeyState) => void;
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-id */
const KEY_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i;

/**
 * The keys of the deployment with their material and state. New material is in the journal before
 * anything can be encrypted with it, so that no kill loses a key that is in use.
 */
export function createKeys({
  clock,
  keys,
  journal,
  accountId,
  region,
}: {
  readonly clock: Clock;
  readonly keys: readonly DeployedKey[];
  readonly journal: Journal<KmsEntry>;
  readonly accountId: string;
  readonly region: string;
}): Keys {
  const arnStart = `arn:${partitionOf(region)}:kms:${region}:${accountId}:`;
  const materials = new Map<string, { readonly material: string; readonly createdAt: number }>();
  const states = new Map<string, KeyState>();
  for (const entry of journal.entries) {
    if ("material" in entry) materials.set(entry.key, entry);
    else states.set(entry.key, entry);
  }
  const deployed = keys.map((key) => {
    const found = materials.get(key.keyId);
    if (found !== undefined) return load(key, found);
    const made = {
      key: key.keyId,
      material: randomBytes(32).toString("base64"),
      createdAt: clock.now(),
    };
    journal.append(made);
    return load(key, made);
  });

  const existing = (): KmsKey[] =>
    deployed.flatMap((key) => {
      const current = states.get(key.keyId) ?? { state: "Enabled" };
      const deleted = current.state === "PendingDeletion" && clock.now() >= current.deletionDate;
      return deleted ? [] : [{ ...key, current }];
    });

  const named: Keys["named"] = (reference, by) => {
    const arn = /^arn:[^:]*:kms:([^:]*):([^:]*):(.*)$/.exec(reference);
    const [, arnRegion, arnAccount, resource = reference] = arn ?? [];
    if (arnRegion !== undefined && arnRegion !== region) {
      throw new AwsError("NotFoundException", `Invalid arn ${arnRegion}`);
    }
    if (arnAccount !== undefined && arnAccount !== accountId) {
      throw new AwsError(
        "AccessDeniedException",
        `User: ${by.arn} is not authorized to perform: kms:${by.operation} on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
      );
    }
    if (resource.startsWith("alias/")) {
      const key = existing().find(({ aliases }) => aliases.includes(resource));
      if (key !== undefined) return key;
      throw new AwsError("NotFoundException", `Alias ${arnStart}${resource} is not found.`);
    }
    const keyId = arn === null ? reference : resource.replace(/^key\//, "");
    const key = existing().find((candidate) => candidate.keyId === keyId);
    if (key !== undefined) return key;
    if (!KEY_ID.test(keyId)) {
      // KMS quotes what it was given, but not what it cut out of an ARN.
      throw new AwsError(
        "NotFoundException",
        `Invalid keyId ${arn === null ? `'${keyId}'` : keyId}`,
      );
    }
    throw new AwsError("NotFoundException", `Key '${arnStart}key/${keyId}' does not exist`);
  };

  return {
    all: existing,
    withId: (keyId) => existing().find((key) => key.keyId === keyId),
    named,
    aliasArn: (alias) => `${arnStart}${alias}`,
    change: ({ keyId }, next) => {
      journal.append({ key: keyId, ...next });
      states.set(keyId, next);
    },
  };
}

function load(
  { keyId, arn, description, aliases }: DeployedKey,
  { material, createdAt }: { readonly material: string; readonly createdAt: number },
): Omit<KmsKey, "current"> {
  const bytes = Buffer.from(material, "base64");
  return {
    keyId,
    arn,
    description,
    aliases,
    createdAt,
    material: bytes,
    materialId: createHash("sha256").update("key material id").update(bytes).digest("hex"),
  };
}

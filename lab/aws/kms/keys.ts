import { createHash, randomBytes } from "node:crypto";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { DeployedKey } from "../../../terraform/access.ts";
import type { Clock } from "../../state/clock.ts";
import type { Journal } from "../../state/journal.ts";
import { parsePolicy } from "../iam/policy.ts";
import { partitionOf } from "../shared/arn.ts";
import type { AccessCheck, Call } from "../shared/operation.ts";
import { allows, type Grant } from "./grants.ts";
import type { EncryptionContext } from "./request-members.ts";

/** A journal entry. `key` is a key id; times are epoch milliseconds. */
export type KmsEntry =
  | { readonly key: string; readonly material: string; readonly createdAt: number }
  | ({ readonly key: string } & KeyState)
  | { readonly key: string; readonly policy: string }
  | { readonly key: string; readonly grant: Grant }
  | { readonly key: string; readonly endedGrant: string }
  | { readonly key: string; readonly replicaRegion: string }
  | { readonly key: string; readonly rotation: Rotation | null };

/** Automatic rotation of a key. */
export interface Rotation {
  readonly days: number;
  /** When the first period began, in epoch milliseconds. */
  readonly since: number;
}

/** Material of a key. A rotation adds new material; older material still decrypts. */
export interface KeyMaterial {
  readonly bytes: Buffer;
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly createdAt: number;
}

export type KeyState =
  | { readonly state: "Enabled" | "Disabled" }
  | { readonly state: "PendingDeletion"; readonly deletionDate: number };

export interface KmsKey {
  readonly keyId: string;
  readonly arn: string;
  readonly description: string;
  readonly aliases: readonly string[];
  readonly createdAt: number;
  /** Oldest first. */
  readonly materials: readonly KeyMaterial[];
  /** The newest material, which encrypts. */
  readonly material: Buffer;
  readonly materialId: string;
  /** Null if the key does not rotate automatically. */
  readonly rotation: Rotation | null;
  readonly current: KeyState;
  /** The key policy, in JSON. */
  readonly policy: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly grants: readonly Grant[];
  /** ARN of the primary key of a multi-Region key: its own, or that of the key that it replicates. */
  readonly primaryKeyArn?: string;
  /** Regions that the key was replicated to, in the order of the calls. */
  readonly replicaRegions: readonly string[];
}

export interface KeyStoreOptions {
  readonly clock: Clock;
  readonly keys: readonly DeployedKey[];
  readonly journal: Journal<KmsEntry>;
  /** Journal entries of the lab in the primary Region, which has the material of the replicas. */
  readonly primaryEntries?: readonly KmsEntry[];
  readonly accountId: string;
  readonly region: string;
}

export interface KeyStore {
  /** Returns the keys that are not deleted, in the order of the deployment. */
  readonly all: () => readonly KmsKey[];
  readonly withId: (keyId: string) => KmsKey | undefined;
  /**
   * Finds the key that a request refers to by id, ARN, alias name or alias ARN.
   * @throws AwsError `NotFoundException`, or `AccessDeniedException` for a key of another account
   */
  readonly resolve: (reference: string, call: Call) => KmsKey;
  readonly aliasArn: (alias: string) => string;
  readonly setState: (key: KmsKey, state: KeyState) => void;
  readonly setPolicy: (key: KmsKey, policy: string) => void;
  readonly addGrant: (key: KmsKey, grant: Grant) => void;
  readonly endGrant: (key: KmsKey, grantId: string) => void;
  readonly addReplica: (key: KmsKey, region: string) => void;
  readonly setRotation: (key: KmsKey, rotation: Rotation | null) => void;
  /** Adds material, and returns it. */
  readonly rotate: (key: KmsKey) => KeyMaterial;
}

/**
 * Holds the key material, state, policy and grants of the deployment's keys. New material is journaled before
 * it is used, so that no ciphertext is lost if the process is killed.
 */
export function createKeyStore(options: KeyStoreOptions): KeyStore {
  const { clock, journal } = options;
  const materials = new Map<string, readonly KeyMaterial[]>();
  const materialsOf = (keyId: string) => materials.get(keyId) ?? [];
  const changes = new Map<string, KeyChanges>();
  const apply = (entry: KmsEntry) => {
    if ("material" in entry) {
      materials.set(entry.key, [...materialsOf(entry.key), keyMaterial(entry)]);
    } else changes.set(entry.key, applyChange(changes.get(entry.key), entry));
  };
  const write = (entry: KmsEntry) => {
    journal.append(entry);
    apply(entry);
  };
  for (const entry of journal.entries) apply(entry);
  for (const key of options.keys) {
    for (const entry of missingMaterials(key, materialsOf(key.keyId).length, options)) write(entry);
  }

  const all = (): KmsKey[] =>
    options.keys.flatMap((key) => {
      const change = changes.get(key.keyId) ?? UNCHANGED;
      const { current } = change;
      const deleted = current.state === "PendingDeletion" && clock.now() >= current.deletionDate;
      return deleted ? [] : [keyOf(key, materialsOf(key.keyId), change)];
    });

  return {
    all,
    withId: (keyId) => all().find((key) => key.keyId === keyId),
    resolve: (reference, call) => resolveKey(reference, all(), options, call),
    aliasArn: (alias) => `${arnPrefix(options)}${alias}`,
    setState: ({ keyId }, state) => write({ key: keyId, ...state }),
    setPolicy: ({ keyId }, policy) => write({ key: keyId, policy }),
    addGrant: ({ keyId }, grant) => write({ key: keyId, grant }),
    endGrant: ({ keyId }, grantId) => write({ key: keyId, endedGrant: grantId }),
    addReplica: ({ keyId }, replicaRegion) => write({ key: keyId, replicaRegion }),
    setRotation: ({ keyId }, rotation) => write({ key: keyId, rotation }),
    rotate: ({ keyId }) => {
      const entry = newMaterial(keyId, clock.now());
      write(entry);
      return keyMaterial(entry);
    },
  };
}

interface KeyChanges extends Pick<KmsKey, "current" | "grants" | "replicaRegions"> {
  readonly policy?: string;
  readonly rotation?: Rotation | null;
}

const UNCHANGED: KeyChanges = { current: { state: "Enabled" }, grants: [], replicaRegions: [] };

type MaterialEntry = Extract<KmsEntry, { material: string }>;

function applyChange(before = UNCHANGED, entry: Exclude<KmsEntry, MaterialEntry>): KeyChanges {
  if ("policy" in entry) return { ...before, policy: entry.policy };
  if ("grant" in entry) return { ...before, grants: [...before.grants, entry.grant] };
  if ("endedGrant" in entry) {
    return { ...before, grants: before.grants.filter(({ id }) => id !== entry.endedGrant) };
  }
  if ("replicaRegion" in entry) {
    return { ...before, replicaRegions: [...before.replicaRegions, entry.replicaRegion] };
  }
  if ("rotation" in entry) return { ...before, rotation: entry.rotation };
  const { key: _, ...current } = entry;
  return { ...before, current };
}

const newMaterial = (key: string, createdAt: number): MaterialEntry => ({
  key,
  material: randomBytes(32).toString("base64"),
  createdAt,
});

/**
 * Returns the material that a key needs and its journal lacks. A replica has the material of its primary key,
 * including what rotations added since the last start.
 * @param known the number of materials in the journal
 * @throws Error if the primary Region's lab has no such key
 */
function missingMaterials(
  { keyId, arn, primaryKeyArn = arn }: DeployedKey,
  known: number,
  { clock, primaryEntries = [] }: KeyStoreOptions,
): readonly MaterialEntry[] {
  if (primaryKeyArn === arn) return known > 0 ? [] : [newMaterial(keyId, clock.now())];
  const replicated = primaryEntries.flatMap((entry) =>
    entry.key === keyId && "material" in entry ? [entry] : [],
  );
  if (known + replicated.length === 0) {
    throw new Error(
      `There is no primary key ${primaryKeyArn} to replicate. Start the lab of its Region first, with CIPHERWATCH_REPLICA_REGION, and this one with --replica-of and that lab's data folder.`,
    );
  }
  const [first, ...rotated] = replicated;
  // Use the creation time of the replica, not that of its primary key.
  const copied = first === undefined ? [] : [{ ...first, createdAt: clock.now() }, ...rotated];
  return copied.slice(known);
}

function keyMaterial({ material, createdAt }: MaterialEntry): KeyMaterial {
  const bytes = Buffer.from(material, "base64");
  const id = createHash("sha256").update("key material id").update(bytes).digest("hex");
  return { bytes, id, createdAt };
}

function keyOf(
  { address: _, rotationDays, ...key }: DeployedKey,
  materials: readonly KeyMaterial[],
  changes: KeyChanges,
): KmsKey {
  const [first] = materials;
  const newest = materials.at(-1);
  if (first === undefined || newest === undefined) throw new Error(`${key.arn} has no material.`);
  const { createdAt } = first;
  return {
    ...key,
    createdAt,
    materials,
    material: newest.bytes,
    materialId: newest.id,
    rotation: rotationDays === undefined ? null : { days: rotationDays, since: createdAt },
    ...changes,
  };
}

interface Account {
  readonly accountId: string;
  readonly region: string;
}

const arnPrefix = ({ accountId, region }: Account) =>
  `arn:${partitionOf(region)}:kms:${region}:${accountId}:`;

const KEY_ARN = /^arn:[^:]*:kms:([^:]*):([^:]*):(.*)$/;

/** @see https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-id */
const KEY_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i;

function resolveKey(
  reference: string,
  keys: readonly KmsKey[],
  account: Account,
  { caller, operation }: Call,
): KmsKey {
  const arn = KEY_ARN.exec(reference);
  const [, arnRegion, arnAccount, resource = reference] = arn ?? [];
  if (arnRegion !== undefined && arnRegion !== account.region) {
    throw new AwsError("NotFoundException", `Invalid arn ${arnRegion}`);
  }
  if (arnAccount !== undefined && arnAccount !== account.accountId) {
    throw new AwsError(
      "AccessDeniedException",
      `User: ${caller.arn} is not authorized to perform: kms:${operation} on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
    );
  }
  if (resource.startsWith("alias/")) {
    const key = keys.find(({ aliases }) => aliases.includes(resource));
    if (key !== undefined) return key;
    throw new AwsError("NotFoundException", `Alias ${arnPrefix(account)}${resource} is not found.`);
  }
  const keyId = arn === null ? reference : resource.replace(/^key\//, "");
  const key = keys.find((candidate) => candidate.keyId === keyId);
  if (key !== undefined) return key;
  if (!KEY_ID.test(keyId)) {
    // KMS quotes the reference it received, but not a key id extracted from an ARN.
    const quoted = arn === null ? `'${keyId}'` : keyId;
    throw new AwsError("NotFoundException", `Invalid keyId ${quoted}`);
  }
  throw new AwsError("NotFoundException", `Key '${arnPrefix(account)}key/${keyId}' does not exist`);
}

/** Adds the keys that a call uses to its CloudTrail record. */
export function auditKeys(call: Call, ...keys: readonly KmsKey[]): void {
  call.audit?.({ resources: keys.map(({ arn }) => ({ arn, type: "AWS::KMS::Key" })) });
}

export interface KeyUse {
  /** Such as `kms:Decrypt`. Default: the operation of the call. */
  readonly action?: string;
  /** Condition keys of the request. */
  readonly context?: AccessCheck["context"];
  readonly encryptionContext?: EncryptionContext;
  readonly target?: string;
  /** Whether a grant allows the call although its operations do not include the action. */
  readonly grantee?: boolean;
}

/**
 * Evaluates the key policy, the grants and the caller's own policies.
 * @throws AwsError `AccessDeniedException`
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/policy-conditions.html
 */
export function authorizeUse(call: Call, key: KmsKey, use: KeyUse = {}): void {
  const { action = `kms:${call.operation}`, encryptionContext = {}, context, target } = use;
  const { grantee = false } = use;
  const entries = Object.entries(encryptionContext);
  call.authorize({
    action,
    resource: key.arn,
    resourcePolicy: parsePolicy(key.policy),
    requiresResourcePolicy: true,
    grant:
      grantee || key.grants.some((grant) => allows(grant, action, call.caller, encryptionContext)),
    context: {
      "kms:CallerAccount": call.caller.accountId,
      ...Object.fromEntries(
        Object.entries(key.tags).map(([name, value]) => [`aws:ResourceTag/${name}`, value]),
      ),
      ...Object.fromEntries(
        entries.map(([name, value]) => [`kms:EncryptionContext:${name}`, value]),
      ),
      ...(entries.length === 0
        ? {}
        : { "kms:EncryptionContextKeys": entries.map(([name]) => name) }),
      ...context,
    },
    viaService: context?.["kms:ViaService"] !== undefined,
    ...(target === undefined ? {} : { target }),
  });
}

/** Rejects a key that is pending deletion. @throws AwsError `KMSInvalidStateException` */
export function rejectPendingDeletion({ arn, current }: KmsKey): void {
  if (current.state === "PendingDeletion") {
    throw new AwsError("KMSInvalidStateException", `${arn} is pending deletion.`);
  }
}

/**
 * Requires a key that can encrypt and decrypt.
 * @throws AwsError if it is disabled, pending deletion or of another algorithm
 */
export function requireUsable(key: KmsKey, algorithm = "SYMMETRIC_DEFAULT"): void {
  rejectPendingDeletion(key);
  if (key.current.state === "Disabled") {
    throw new AwsError("DisabledException", `${key.arn} is disabled.`);
  }
  if (algorithm !== "SYMMETRIC_DEFAULT") {
    throw new AwsError(
      "InvalidKeyUsageException",
      `Algorithm ${algorithm} is incompatible with key spec SYMMETRIC_DEFAULT.`,
    );
  }
}

import type { AwsStructure, Call, Operations } from "../shared/operation.ts";
import {
  decrypt,
  encrypt,
  generateDataKey,
  generateDataKeyWithoutPlaintext,
  reEncrypt,
} from "./cryptographic-operations.ts";
import { createGrant, listGrants, retireGrant, revokeGrant } from "./grant-operations.ts";
import {
  cancelKeyDeletion,
  describeKey,
  listAliases,
  listKeys,
  replicateKey,
  scheduleKeyDeletion,
  setKeyEnabled,
} from "./key-operations.ts";
import { createKeyStore, type KeyStore, type KeyStoreOptions } from "./keys.ts";
import { getKeyPolicy, listKeyPolicies, putKeyPolicy } from "./policy-operations.ts";
import {
  disableKeyRotation,
  enableKeyRotation,
  getKeyRotationStatus,
  listKeyRotations,
  listResourceTags,
  rotateKeyOnDemand,
} from "./rotation-operations.ts";

export const notModelled: readonly string[] = [
  "KMS rotates a key only on demand, and then at once. It ignores grant tokens: a grant takes effect at once.",
  "A lab is one Region. To emulate replicas of its KMS keys, start a second lab for another Region with `--replica-of` and the data folder of the first. The two labs share the key material and nothing else.",
];

/** The operations that need neither the time nor the account. */
const OPERATIONS: Readonly<
  Record<string, (input: unknown, call: Call, keys: KeyStore) => AwsStructure>
> = {
  Encrypt: encrypt,
  Decrypt: decrypt,
  GenerateDataKey: generateDataKey,
  GenerateDataKeyWithoutPlaintext: generateDataKeyWithoutPlaintext,
  ReEncrypt: reEncrypt,
  ListKeys: listKeys,
  ListAliases: listAliases,
  CancelKeyDeletion: cancelKeyDeletion,
  GetKeyPolicy: getKeyPolicy,
  PutKeyPolicy: putKeyPolicy,
  ListKeyPolicies: listKeyPolicies,
  ListResourceTags: listResourceTags,
  RotateKeyOnDemand: rotateKeyOnDemand,
  DisableKeyRotation: disableKeyRotation,
  ListKeyRotations: listKeyRotations,
  ListGrants: listGrants,
  RevokeGrant: revokeGrant,
  RetireGrant: retireGrant,
};

/**
 * Emulates AWS KMS with the deployment's symmetric keys. It encrypts with AES-256-GCM and the encryption
 * context as additional authenticated data, persists key states, and returns KMS's own error messages.
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/Welcome.html
 */
export function createKms(options: KeyStoreOptions): {
  readonly operations: Operations;
  readonly keys: KeyStore;
} {
  const { clock, accountId } = options;
  const keys = createKeyStore(options);
  return {
    keys,
    operations: {
      ...Object.fromEntries(
        Object.entries(OPERATIONS).map(([name, operation]) => [
          name,
          (input: unknown, call: Call) => operation(input, call, keys),
        ]),
      ),
      DescribeKey: (input, call) => describeKey(input, call, keys, accountId),
      EnableKey: (input, call) => setKeyEnabled(input, call, keys, "Enabled"),
      DisableKey: (input, call) => setKeyEnabled(input, call, keys, "Disabled"),
      ScheduleKeyDeletion: (input, call) => scheduleKeyDeletion(input, call, keys, clock.now()),
      ReplicateKey: (input, call) =>
        replicateKey(input, call, keys, { accountId, now: clock.now() }),
      EnableKeyRotation: (input, call) => enableKeyRotation(input, call, keys, clock.now()),
      GetKeyRotationStatus: (input, call) => getKeyRotationStatus(input, call, keys, clock.now()),
      CreateGrant: (input, call) => createGrant(input, call, keys, clock.now()),
    },
  };
}

import type { Operations } from "../shared/operation.ts";
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
import { getKeyPolicy, putKeyPolicy } from "./policy-operations.ts";

export const notModelled: readonly string[] = [
  "KMS rotates no keys and ignores grant tokens: a grant takes effect at once.",
  "A lab is one Region. A replica of its KMS keys is in the lab of another Region that is started with its data folder (`--replica-of`). The two share the key material and nothing else.",
];

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
      Encrypt: (input, call) => encrypt(input, call, keys),
      Decrypt: (input, call) => decrypt(input, call, keys),
      GenerateDataKey: (input, call) => generateDataKey(input, call, keys),
      GenerateDataKeyWithoutPlaintext: (input, call) =>
        generateDataKeyWithoutPlaintext(input, call, keys),
      ReEncrypt: (input, call) => reEncrypt(input, call, keys),
      DescribeKey: (input, call) => describeKey(input, call, keys, accountId),
      ListKeys: (input, call) => listKeys(input, call, keys),
      ListAliases: (input, call) => listAliases(input, call, keys),
      EnableKey: (input, call) => setKeyEnabled(input, call, keys, "Enabled"),
      DisableKey: (input, call) => setKeyEnabled(input, call, keys, "Disabled"),
      ScheduleKeyDeletion: (input, call) => scheduleKeyDeletion(input, call, keys, clock.now()),
      CancelKeyDeletion: (input, call) => cancelKeyDeletion(input, call, keys),
      ReplicateKey: (input, call) =>
        replicateKey(input, call, keys, { accountId, now: clock.now() }),
      GetKeyPolicy: (input, call) => getKeyPolicy(input, call, keys),
      PutKeyPolicy: (input, call) => putKeyPolicy(input, call, keys),
      CreateGrant: (input, call) => createGrant(input, call, keys, clock.now()),
      ListGrants: (input, call) => listGrants(input, call, keys),
      RevokeGrant: (input, call) => revokeGrant(input, call, keys),
      RetireGrant: (input, call) => retireGrant(input, call, keys),
    },
  };
}

import type { Operations } from "../shared/operation.ts";
import {
  decrypt,
  encrypt,
  generateDataKey,
  generateDataKeyWithoutPlaintext,
  reEncrypt,
} from "./cryptographic-operations.ts";
import {
  cancelKeyDeletion,
  describeKey,
  listAliases,
  listKeys,
  scheduleKeyDeletion,
  setKeyEnabled,
} from "./key-operations.ts";
import { createKeyStore, type KeyStoreOptions } from "./keys.ts";

export const notModelled: readonly string[] = ["KMS has no grants and no key rotation."];

/**
 * Emulates AWS KMS with the deployment's symmetric keys. It encrypts with AES-256-GCM and the encryption
 * context as additional authenticated data, persists key states, and returns KMS's own error messages.
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/Welcome.html
 */
export function createKms(options: KeyStoreOptions): { readonly operations: Operations } {
  const { clock, accountId } = options;
  const keys = createKeyStore(options);
  return {
    operations: {
      Encrypt: (input, call) => encrypt(input, call, keys),
      Decrypt: (input, call) => decrypt(input, call, keys),
      GenerateDataKey: (input, call) => generateDataKey(input, call, keys),
      GenerateDataKeyWithoutPlaintext: (input, call) =>
        generateDataKeyWithoutPlaintext(input, call, keys),
      ReEncrypt: (input, call) => reEncrypt(input, call, keys),
      DescribeKey: (input, call) => describeKey(input, call, keys, accountId),
      ListKeys: (input) => listKeys(input, keys),
      ListAliases: (input, call) => listAliases(input, call, keys),
      EnableKey: (input, call) => setKeyEnabled(input, call, keys, "Enabled"),
      DisableKey: (input, call) => setKeyEnabled(input, call, keys, "Disabled"),
      ScheduleKeyDeletion: (input, call) => scheduleKeyDeletion(input, call, keys, clock.now()),
      CancelKeyDeletion: (input, call) => cancelKeyDeletion(input, call, keys),
    },
  };
}

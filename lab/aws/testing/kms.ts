import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { Clock } from "../../state/clock.ts";
import type { Journal } from "../../state/journal.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { memoryJournal } from "../../testing/memory-journal.ts";
import type { KmsEntry } from "../kms/keys.ts";
import { createKms } from "../kms/kms.ts";
import type { Call } from "../shared/operation.ts";
import { ACCOUNT, base64, deployedKey } from "./account.ts";

export const START = Date.parse("2026-11-20T00:00:00Z");
export const DAY = 24 * 60 * 60 * 1000;

export const FIRST = deployedKey(1, "alias/first");
export const SECOND = deployedKey(2, "alias/second", "alias/zweite");

/** A plaintext in base64. */
export const PLAINTEXT = Buffer.from("I love Pizza").toString("base64");

const CALLER = {
  arn: `arn:aws:iam::${ACCOUNT.accountId}:user/alice`,
  userId: "AIDAEXAMPLE",
  accountId: ACCOUNT.accountId,
  accessKeyId: "alice",
  userIdentity: { type: "IAMUser" },
};

export type Kms = ReturnType<typeof startKms>;

/** Returns a function that calls an operation as the endpoint does, with the members of a JSON request. */
export function startKms({
  clock = manualClock(START) as Clock,
  keys = [FIRST, SECOND],
  journal = memoryJournal<KmsEntry>() as Journal<KmsEntry>,
  region = ACCOUNT.region as string,
  primaryEntries = [] as readonly KmsEntry[],
} = {}) {
  const { accountId } = ACCOUNT;
  const { operations } = createKms({ accountId, region, clock, keys, journal, primaryEntries });
  return async (operation: string, input: unknown): Promise<Record<string, unknown>> => {
    const call: Call = {
      operation,
      requestId: "",
      caller: CALLER,
      region,
      sourceIpAddress: "",
      userAgent: "",
      authorize: () => {},
    };
    return (await operations[operation]?.(input, call)) ?? {};
  };
}

/** Returns the error that a call fails with, as `Code: message`. */
export async function errorOf(response: Promise<unknown>): Promise<string> {
  try {
    await response;
  } catch (error) {
    if (error instanceof AwsError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "no error";
}

/** Returns the ciphertext of {@link PLAINTEXT} in base64. */
export async function encrypt(kms: Kms, keyId: string, context?: Record<string, string>) {
  const { CiphertextBlob } = await kms("Encrypt", {
    KeyId: keyId,
    Plaintext: PLAINTEXT,
    EncryptionContext: context,
  });
  return base64(CiphertextBlob);
}

import { OUTSIDER_ROLE, POWERLESS_ROLE } from "../key-roles.ts";
import { AwsCallError, type AwsClient, elementOf, expectDenied } from "./aws-client.ts";
import type { LabClient } from "./lab-client.ts";
import type { Scenario } from "./scenario.ts";

const live = (description: string, run: Scenario["run"]): Scenario => ({
  description,
  kind: "live",
  run,
});

/** Scenarios that the detections on monitored keys must report, by kind of detection. They use one of the keys. */
export const KEY_SCENARIOS: Readonly<Record<string, readonly Scenario[]>> = {
  "key-outsider": [
    live(
      "a role that is not expected to use the key encrypts and decrypts with it",
      async (lab) => {
        const session = await assume(lab, OUTSIDER_ROLE);
        const KeyId = await monitoredKey(lab);
        await session.json("kms", "Decrypt", { CiphertextBlob: await encrypt(session, KeyId) });
      },
    ),
  ],
  "key-errors": [
    live("a role without permissions tries to decrypt with the key", async (lab, threshold) => {
      const KeyId = await monitoredKey(lab);
      const CiphertextBlob = await encrypt(lab.attacker, KeyId);
      const session = await assume(lab, POWERLESS_ROLE);
      for (let call = 0; call < threshold; call += 1) {
        await expectDenied(session.json("kms", "Decrypt", { KeyId, CiphertextBlob }));
      }
    }),
    live("mallory decrypts with a wrong encryption context", async (lab, threshold) => {
      const CiphertextBlob = await encrypt(lab.attacker, await monitoredKey(lab));
      for (let call = 0; call < threshold; call += 1) {
        const EncryptionContext = { guess: String(call) };
        await expectInvalid(
          lab.attacker.json("kms", "Decrypt", { CiphertextBlob, EncryptionContext }),
        );
      }
    }),
  ],
  "key-volume": [
    live("mallory decrypts 1.5 times as often as the alarm's threshold", async (lab, threshold) => {
      const CiphertextBlob = await encrypt(lab.attacker, await monitoredKey(lab));
      // Run in real time, so that even a slow machine makes enough calls within a period of the alarm.
      await lab.atSpeed(1, async () => {
        for (let left = Math.ceil(threshold * 1.5); left > 0; left -= 1) {
          await lab.attacker.json("kms", "Decrypt", { CiphertextBlob });
        }
      });
    }),
  ],
  "key-change": [
    live("mallory disables the key and enables it again", async (lab) => {
      const alias = await monitoredKey(lab);
      const { KeyMetadata } = await lab.attacker.json("kms", "DescribeKey", { KeyId: alias });
      const { KeyId } = KeyMetadata as { readonly KeyId: string };
      try {
        await lab.attacker.json("kms", "DisableKey", { KeyId });
      } finally {
        await lab.attacker.json("kms", "EnableKey", { KeyId });
      }
    }),
  ],
};

/** Prefix of the names of the alarms on monitored keys: `cipherwatch-watch-<env>-`. */
export function keyAlarmPrefix({ namePrefix }: LabClient["scope"]): string {
  return namePrefix.replace(/^cipherwatch-/, "cipherwatch-watch-");
}

/** Returns the alias of a monitored key. The lab names it after the key's entry in the settings. */
async function monitoredKey({ state, scope }: LabClient): Promise<string> {
  const prefix = `${keyAlarmPrefix(scope)}key-outsider-`;
  const { alarms } = await state();
  const alarm = alarms.find(({ name }) => name.startsWith(prefix));
  if (alarm !== undefined) return `alias/${alarm.name.slice(prefix.length)}`;
  throw new Error(
    "The lab monitors no keys. Start it with CIPHERWATCH_MONITORED_KEYS=keys.json; docs/monitoring-keys.md describes the file.",
  );
}

async function assume(lab: LabClient, roleName: string): Promise<AwsClient> {
  const response = await lab.attacker.query("sts", "AssumeRole", {
    RoleArn: `arn:aws:iam::${lab.scope.accountId}:role/${roleName}`,
    RoleSessionName: "mallory",
  });
  return lab.clientFor(elementOf(response, "AccessKeyId"));
}

async function encrypt(client: AwsClient, KeyId: string): Promise<unknown> {
  const Plaintext = Buffer.from("x").toString("base64");
  const { CiphertextBlob } = await client.json("kms", "Encrypt", { KeyId, Plaintext });
  return CiphertextBlob;
}

async function expectInvalid(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (error instanceof AwsCallError && error.code === "InvalidCiphertextException") return;
    throw error;
  }
  throw new Error(
    "KMS decrypted a ciphertext with a wrong encryption context; expected InvalidCiphertextException.",
  );
}

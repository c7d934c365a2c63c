import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openJournal } from "../../state/journal.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { ACCOUNT, base64 } from "../testing/account.ts";
import {
  DAY,
  encrypt,
  errorOf,
  FIRST,
  PLAINTEXT,
  SECOND,
  START,
  startKms,
} from "../testing/kms.ts";
import { temporaryFile } from "../testing/temporary-folder.ts";
import type { KmsEntry } from "./keys.ts";

describe("KMS journal", () => {
  it("restores keys and states after a restart, from a file that only its owner can read", async () => {
    const file = temporaryFile("kms.jsonl");
    const first = openJournal<KmsEntry>(file);
    const kms = startKms({ journal: first });
    const CiphertextBlob = await encrypt(kms, FIRST.keyId);
    await kms("DisableKey", { KeyId: SECOND.keyId });
    await kms("ScheduleKeyDeletion", { KeyId: SECOND.keyId, PendingWindowInDays: 10 });
    const { KeyMetadata: described } = await kms("DescribeKey", { KeyId: SECOND.keyId });
    first.close();

    const second = openJournal<KmsEntry>(file);
    const restarted = startKms({ journal: second, clock: manualClock(START + DAY) });
    expect(base64((await restarted("Decrypt", { CiphertextBlob })).Plaintext)).toBe(PLAINTEXT);
    expect((await restarted("DescribeKey", { KeyId: SECOND.keyId })).KeyMetadata).toEqual(
      described,
    );
    expect(described).toMatchObject({ DeletionDate: new Date(START + 10 * DAY) });
    second.close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("does not restore a key after its deletion date", async () => {
    const file = temporaryFile("kms.jsonl");
    const journal = openJournal<KmsEntry>(file);
    await startKms({ journal })("ScheduleKeyDeletion", { KeyId: FIRST.keyId });
    journal.close();
    const reopened = openJournal<KmsEntry>(file);
    const restarted = startKms({ journal: reopened, clock: manualClock(START + 31 * DAY) });
    expect(await errorOf(restarted("DescribeKey", { KeyId: FIRST.keyId }))).toMatch(
      /^NotFoundException/,
    );
    reopened.close();
  });

  it("survives a SIGKILL right after the first ciphertext", async () => {
    const file = temporaryFile("kms.jsonl");
    const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    const { signal, stdout } = spawnSync(process.execPath, [
      "--input-type=module",
      "--eval",
      `import { writeSync } from "node:fs";
       import { manualClock } from ${module("../../testing/manual-clock.ts")};
       import { openJournal } from ${module("../../state/journal.ts")};
       import { createKms } from ${module("./kms.ts")};
       const { operations } = createKms({
         clock: manualClock(${START}),
         keys: ${JSON.stringify([FIRST])},
         journal: openJournal(${JSON.stringify(file)}),
         accountId: "${ACCOUNT.accountId}",
         region: "${ACCOUNT.region}",
       });
       const call = { operation: "Encrypt", caller: { arn: "" }, authorize: () => {} };
       const input = { KeyId: "alias/first", Plaintext: "${PLAINTEXT}" };
       const { CiphertextBlob } = operations.Encrypt(input, call);
       writeSync(1, CiphertextBlob.toString("base64"));
       process.kill(process.pid, "SIGKILL");`,
    ]);
    expect(signal).toBe("SIGKILL");
    const journal = openJournal<KmsEntry>(file);
    const response = await startKms({ journal })("Decrypt", { CiphertextBlob: stdout.toString() });
    expect(base64(response.Plaintext)).toBe(PLAINTEXT);
    journal.close();
  });
});

import { describe, expect, it } from "vitest";
import { checkRecordKeys } from "./record-keys.ts";

const ARN = "arn:aws:kms:ap-southeast-2:111122223333:key/";
const SINGLE = `${ARN}1f6c8e0a-3b52-4d77-9a41-0c2e5d8b7f63`;
const MULTI = `${ARN}mrk-${"1".repeat(32)}`;
const REPLICA = MULTI.replace("ap-southeast-2", "ap-southeast-1");

const check = (records: Record<string, number>, keyArns: readonly string[], isPrimary = false) =>
  checkRecordKeys(records, { keyArns, folder: ".lab", isPrimary });

describe("checkRecordKeys", () => {
  it("accepts records under a key of the settings, a previous key, and a related multi-Region key", () => {
    expect(() => check({}, [SINGLE])).not.toThrow();
    expect(() => check({ [SINGLE]: 2, [MULTI]: 1 }, [MULTI, SINGLE])).not.toThrow();
    expect(() => check({ [MULTI]: 1 }, [REPLICA])).not.toThrow();
  });

  it("rejects records under another key, and names both keys and the next steps", () => {
    expect(() => check({ [SINGLE]: 3 }, [MULTI], true)).toThrow(
      /\.lab has 3 records under a KMS key that is not in the settings, so no Key would open them\.\n {2}Key of the records: +\S+\/1f6c8e0a\S+\n {2}Keys of the settings: \S+\/mrk-1+\n.*\nTo open the records, unset CIPHERWATCH_REPLICA_REGION, or .*CIPHERWATCH_KEY_GENERATIONS=1,2\. .*--data DIR.*--fresh\.$/,
    );
  });

  it("rejects one record under the key of another Region or account", () => {
    const elsewhere = SINGLE.replace("ap-southeast-2", "eu-west-1");
    expect(() => check({ [elsewhere]: 1, [SINGLE]: 1 }, [SINGLE])).toThrow(
      /has a record under .*\nTo open the records, start with the settings of the earlier lab\./s,
    );
    expect(() => check({ [REPLICA.replace("1111", "4444")]: 1 }, [MULTI])).toThrow(/has a record/);
  });
});

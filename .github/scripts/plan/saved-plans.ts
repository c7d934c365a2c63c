import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../common/run.ts";
import { StepError } from "../github/step.ts";

/**
 * Plans that were reviewed, in a private bucket: they hold values of the state. A plan's name is its
 * digest, so what a review saw cannot be replaced by another.
 */
export interface SavedPlans {
  /** @returns SHA-256 of the file, in hexadecimal */
  readonly save: (stack: string, file: string) => Promise<string>;
  /** @throws StepError when it is gone, or is not what its digest says */
  readonly read: (stack: string, digest: string) => Promise<string>;
}

export function digestOf(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

/** @param environment the environment of which they are plans, such as dev */
export function savedPlans(bucket: string, environment: string): SavedPlans {
  const place = (stack: string, digest: string) => [
    ...["--bucket", bucket, "--key", `cipherwatch/${environment}/${stack}/${digest}.json`],
  ];
  return {
    save: async (stack, file) => {
      const digest = digestOf(readFileSync(file));
      await run(["aws", "s3api", "put-object", ...place(stack, digest), "--body", file]);
      return digest;
    },
    read: async (stack, digest) => {
      const folder = mkdtempSync(join(tmpdir(), "cipherwatch-plan-"));
      try {
        const file = join(folder, "plan.json");
        const get = ["aws", "s3api", "get-object", ...place(stack, digest), file] as const;
        const { code, stderr } = await run(get, { accept: "any" });
        if (code !== 0) {
          throw new StepError(
            `The reviewed plan of ${stack} (${digest}) cannot be read from ${bucket}: ${stderr.trim()}\n` +
              "It is kept for a week. Run Deploy by hand, which plans anew for you to review.",
          );
        }
        const content = readFileSync(file, "utf8");
        if (digestOf(content) !== digest) {
          throw new StepError(
            `The saved plan of ${stack} in ${bucket} is not the one that was reviewed: its SHA-256 is ${digestOf(content)}, not ${digest}. Find out who wrote it, then run Deploy by hand.`,
          );
        }
        return content;
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

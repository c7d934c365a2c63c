import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../common/run.ts";
import { StepError } from "../github/step.ts";

/**
 * Stores plans in a private bucket, as they contain values of the state. The object key contains the
 * SHA-256 of the plan, so a reviewed plan cannot be replaced unnoticed.
 */
export interface SavedPlans {
  /** @returns SHA-256 of the file, in hexadecimal */
  readonly save: (stack: string, file: string) => Promise<string>;
  /** @throws StepError if the plan has expired or does not match its digest */
  readonly read: (stack: string, digest: string) => Promise<string>;
}

export function digestOf(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

/** @param environment such as `dev` */
export function savedPlans(bucket: string, environment: string): SavedPlans {
  const place = (stack: string, digest: string) => [
    ...["--bucket", bucket, "--key", `cipherwatch/${environment}/${stack}/${digest}.json`],
  ];
  return {
    save: async (stack, file) => {
      const digest = digestOf(readFileSync(file));
      const put = ["aws", "s3api", "put-object", ...place(stack, digest), "--body", file] as const;
      const { code, output } = await run([...put, "--if-none-match", "*"], { accept: "any" });
      // The same plan was saved before; `read` verifies the content.
      if (code !== 0 && !output.includes("PreconditionFailed"))
        throw new StepError(`Cannot save the plan of ${stack} in ${bucket}: ${output.trim()}`);
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
            `Cannot read the reviewed plan of ${stack} (${digest}) from ${bucket}: ${stderr.trim()}\n` +
              "Plans expire after a week. Run Deploy by hand to create a new plan for review.",
          );
        }
        const content = readFileSync(file, "utf8");
        if (digestOf(content) !== digest) {
          throw new StepError(
            `The saved plan of ${stack} in ${bucket} is not the reviewed plan: its SHA-256 is ${digestOf(content)}, expected ${digest}. Find out who wrote it, then run Deploy by hand.`,
          );
        }
        return content;
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

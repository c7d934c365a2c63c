import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { clientOptions } from "../aws/client-options.ts";
import { readObject } from "../aws/s3.ts";
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

/**
 * Uses the SDK instead of the AWS CLI, which takes half a second of CPU to start for each plan.
 * @param environment such as `dev`
 */
export function savedPlans(bucket: string, environment: string): SavedPlans {
  const s3 = new S3Client(clientOptions());
  const place = (stack: string, digest: string) => ({
    Bucket: bucket,
    Key: `cipherwatch/${environment}/${stack}/${digest}.json`,
  });
  return {
    save: async (stack, file) => {
      const content = readFileSync(file);
      const digest = digestOf(content);
      const put = { ...place(stack, digest), Body: content, IfNoneMatch: "*" };
      try {
        await s3.send(new PutObjectCommand(put));
      } catch (error) {
        // The same plan was saved before; `read` verifies the content.
        if ((error as Error).name !== "PreconditionFailed")
          throw new StepError(`Cannot save the plan of ${stack} in ${bucket}: ${error}`);
      }
      return digest;
    },
    read: async (stack, digest) => {
      const content = await readObject(s3, place(stack, digest)).catch((error) => {
        throw new StepError(
          `Cannot read the reviewed plan of ${stack} (${digest}) from ${bucket}: ${error}\n` +
            "Plans expire after a week. Run Deploy by hand to create a new plan for review.",
        );
      });
      if (digestOf(content) !== digest) {
        throw new StepError(
          `The saved plan of ${stack} in ${bucket} is not the reviewed plan: its SHA-256 is ${digestOf(content)}, expected ${digest}. Find out who wrote it, then run Deploy by hand.`,
        );
      }
      return content;
    },
  };
}

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { z } from "zod";
import { StepError } from "../github/step.ts";

/** https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
const index = z.object({ manifests: z.array(z.object({ digest: z.string() })).length(1) });

/**
 * Computes the digest of the single image in an OCI archive, including its attestations: its digest in a
 * registry.
 * @throws StepError if the file is no OCI archive, contains several images, or states a wrong digest
 */
export function archiveDigest(archive: string): string {
  const parsed = index.safeParse(JSON.parse(member(archive, "index.json").toString()));
  if (!parsed.success) {
    throw new StepError(
      `${archive} must contain exactly one image:\n${z.prettifyError(parsed.error)}`,
    );
  }
  const [{ digest }] = parsed.data.manifests as [{ digest: string }];
  blob(archive, digest);
  return digest;
}

/**
 * Reads a blob of an OCI archive.
 * @param digest `sha256:…`
 * @throws StepError if the archive has no such blob, or its content has another digest
 */
export function blob(archive: string, digest: string): Buffer {
  const content = member(archive, `blobs/${digest.replace(":", "/")}`);
  const actual = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  if (actual !== digest) {
    throw new StepError(`${archive} states the digest ${digest}, but the content has ${actual}.`);
  }
  return content;
}

function member(archive: string, name: string): Buffer {
  try {
    return execFileSync("tar", ["-xOf", archive, name], {
      maxBuffer: 64 * 1024 * 1024,
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    throw new StepError(`${archive} is not an OCI archive: cannot read ${name}. ${error}`);
  }
}

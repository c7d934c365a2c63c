import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { z } from "zod";
import { StepError } from "../github/step.ts";

/** https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
const index = z.object({ manifests: z.array(z.object({ digest: z.string() })).length(1) });

/**
 * The digest of the one image, with its attestations, in an OCI archive: what a registry will know it
 * by. It is computed and not read, so that it is of what is in the archive.
 * @throws StepError when the archive is none, holds several images, or says another digest than it has
 */
export function archiveDigest(archive: string): string {
  const parsed = index.safeParse(JSON.parse(member(archive, "index.json").toString()));
  if (!parsed.success) {
    throw new StepError(`${archive} must hold one image:\n${z.prettifyError(parsed.error)}`);
  }
  const [{ digest }] = parsed.data.manifests as [{ digest: string }];
  const content = member(archive, `blobs/${digest.replace(":", "/")}`);
  const actual = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  if (actual !== digest) {
    throw new StepError(
      `${archive} names ${digest}, but what it holds under that name is ${actual}.`,
    );
  }
  return actual;
}

function member(archive: string, name: string): Buffer {
  try {
    return execFileSync("tar", ["-xOf", archive, name], {
      maxBuffer: 64 * 1024 * 1024,
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    throw new StepError(`${archive} is no OCI archive: ${name} cannot be read from it. ${error}`);
  }
}

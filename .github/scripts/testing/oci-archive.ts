import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Writes an OCI archive with an index of one image, like buildx with attestations.
 * @param content makes the digest unique
 * @param options a wrong digest to state, or the number of images to list
 * @returns the digest of the image
 */
export function writeOciArchive(
  archive: string,
  content: string,
  { name, images = 1 }: { readonly name?: string; readonly images?: number } = {},
): string {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-oci-"));
  const blobs = join(folder, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  const blob = (value: unknown, as?: string): string => {
    const text = JSON.stringify(value);
    const digest = as ?? `sha256:${createHash("sha256").update(text).digest("hex")}`;
    writeFileSync(join(blobs, digest.replace("sha256:", "")), text);
    return digest;
  };
  try {
    const config = blob({ architecture: "amd64", os: "linux", config: { Labels: { content } } });
    const manifest = blob({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: config, size: 1 },
      layers: [],
    });
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const digest = blob({ schemaVersion: 2, mediaType, manifests: [{ digest: manifest }] }, name);
    const manifests = Array.from({ length: images }, () => ({ mediaType, digest }));
    writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
    writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    execFileSync("tar", ["-cf", archive, "-C", folder, "blobs", "index.json", "oci-layout"]);
    return digest;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

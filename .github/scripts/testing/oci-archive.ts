import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface ArchiveOptions {
  readonly name?: string;
  readonly images?: number;
  readonly sbom?: "none" | { readonly packages?: readonly unknown[]; readonly subject?: string };
}

/**
 * Writes an OCI archive with an index of one image and its SBOM, like buildx with attestations.
 * @param content makes the digest unique
 * @param options a wrong digest to state, the number of images to list, and the SBOM: none, or one with these
 * packages about this image
 * @returns the digest of the image
 */
export function writeOciArchive(
  archive: string,
  content: string,
  { name, images = 1, sbom = {} }: ArchiveOptions = {},
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
    const attested = sbom === "none" ? [] : [attestation(blob, manifest, sbom)];
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const digest = blob(
      { schemaVersion: 2, mediaType, manifests: [{ digest: manifest }, ...attested] },
      name,
    );
    const manifests = Array.from({ length: images }, () => ({ mediaType, digest }));
    writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
    writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    execFileSync("tar", ["-cf", archive, "-C", folder, "blobs", "index.json", "oci-layout"]);
    return digest;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes the attestation manifest that BuildKit attaches to an image. @returns its entry in the index */
function attestation(
  blob: (value: unknown) => string,
  image: string,
  {
    packages = [{ name: "node" }],
    subject = image,
  }: Exclude<ArchiveOptions["sbom"], string | undefined>,
) {
  const predicateType = "https://spdx.dev/Document";
  const sbom = blob({
    _type: "https://in-toto.io/Statement/v0.1",
    predicateType,
    subject: [{ name: "_", digest: { sha256: subject.replace("sha256:", "") } }],
    predicate: { spdxVersion: "SPDX-2.3", packages },
  });
  const manifest = blob({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    layers: [
      {
        mediaType: "application/vnd.in-toto+json",
        digest: sbom,
        annotations: { "in-toto.io/predicate-type": predicateType },
      },
    ],
  });
  return {
    digest: manifest,
    annotations: {
      "vnd.docker.reference.type": "attestation-manifest",
      "vnd.docker.reference.digest": image,
    },
  };
}

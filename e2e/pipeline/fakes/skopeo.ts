/**
 * Fake of skopeo: `inspect` of the base image prints FAKE_BASE_DIGEST; `copy` from an OCI archive to the emulator's ECR, which accepts no layers, and back. It keeps
 * the archives by digest.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { archiveDigest } from "../../../.github/scripts/image/oci-archive.ts";

const [command, ...args] = process.argv.slice(2);
if (command === "inspect") {
  console.log(process.env.FAKE_BASE_DIGEST);
  process.exit();
}
if (command !== "copy" || !args.includes("--all") || !args.includes("--preserve-digests")) {
  throw new Error("This fake skopeo only copies whole images as they are.");
}
const [source = "", target = ""] = args.filter((arg) => /^(oci-archive|docker):/.test(arg));
const kept = (digest: string) => join(process.env.FAKE_IMAGES ?? "", digest);

if (source.startsWith("docker:")) {
  const [, digest = ""] = /@(sha256:[0-9a-f]{64})$/.exec(source) ?? [];
  copyFileSync(kept(digest), target.replace("oci-archive:", ""));
  console.log(`fake skopeo: ${digest} from ${source}`);
} else {
  const archive = source.replace("oci-archive:", "");
  const [, repository = "", tag = ""] = /^docker:\/\/[^/]+\/([^:]+):(.+)$/.exec(target) ?? [];
  const digest = archiveDigest(archive);
  copyFileSync(archive, kept(digest));
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [{ digest }] });
  execFileSync("aws", [
    ...["ecr", "put-image", "--repository-name", repository, "--image-tag", tag],
    ...["--image-manifest", manifest, "--image-manifest-media-type", mediaType],
    ...["--image-digest", digest],
  ]);
  console.log(`fake skopeo: ${repository}:${tag} is ${digest}`);
}

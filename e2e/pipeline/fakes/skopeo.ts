/** Fake of skopeo: `copy` from an OCI archive to the emulator's ECR, which accepts no layers. */
import { execFileSync } from "node:child_process";
import { archiveDigest } from "../../../.github/scripts/image/oci-archive.ts";

const [command, ...args] = process.argv.slice(2);
const [source = "", target = ""] = args.filter((arg) => /^(oci-archive|docker):/.test(arg));
const [, repository = "", tag = ""] = /^docker:\/\/[^/]+\/([^:]+):(.+)$/.exec(target) ?? [];
if (command !== "copy" || !args.includes("--all") || !args.includes("--preserve-digests")) {
  throw new Error("This fake skopeo only copies whole images as they are.");
}
const digest = archiveDigest(source.replace("oci-archive:", ""));
const mediaType = "application/vnd.oci.image.index.v1+json";
const manifest = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [{ digest }] });
execFileSync("aws", [
  ...["ecr", "put-image", "--repository-name", repository, "--image-tag", tag],
  ...["--image-manifest", manifest, "--image-manifest-media-type", mediaType],
  ...["--image-digest", digest],
]);
console.log(`fake skopeo: ${repository}:${tag} is ${digest}`);

import { z } from "zod";
import { StepError } from "../github/step.ts";
import { blob } from "./oci-archive.ts";

const REFERENCE_TYPE = "vnd.docker.reference.type";
const REFERENCE_DIGEST = "vnd.docker.reference.digest";
const PREDICATE_TYPE = "in-toto.io/predicate-type";
const SPDX = "https://spdx.dev/Document";

const descriptor = z.object({
  digest: z.string(),
  annotations: z.record(z.string(), z.string()).default({}),
});
const imageIndex = z.object({ manifests: z.array(descriptor) });
const attestations = z.object({ layers: z.array(descriptor) });
const statement = z.object({
  predicateType: z.literal(SPDX),
  subject: z
    .array(z.object({ digest: z.record(z.string(), z.string()) }))
    .nullish()
    .transform((subjects) => subjects ?? []),
  predicate: z.object({ packages: z.array(z.unknown()).min(1) }),
});

/**
 * Verifies that each image of an index has an SBOM that lists packages and is about this image. The digest of
 * the index covers the SBOM, so a signature of the digest covers it too.
 * https://docs.docker.com/build/metadata/attestations/attestation-storage/
 * @param digest of the index in the archive
 * @returns the number of packages that the SBOMs list
 * @throws StepError if an SBOM is missing or invalid
 */
export function verifySbom(archive: string, digest: string): number {
  const { manifests } = read(imageIndex, archive, digest);
  const images = manifests.filter(({ annotations }) => annotations[REFERENCE_TYPE] === undefined);
  if (images.length === 0) throw new StepError(`${digest} is not an index with an image.`);
  return images
    .map((image) => {
      const attached = manifests.filter(
        ({ annotations }) => annotations[REFERENCE_DIGEST] === image.digest,
      );
      const packages = attached.flatMap((manifest) =>
        sbomsOf(archive, manifest.digest, image.digest),
      );
      if (packages.length === 0) {
        throw new StepError(
          `The image ${image.digest} has no SBOM, which the build adds with --sbom=true. It is not deployed.`,
        );
      }
      return Math.max(...packages);
    })
    .reduce((total, count) => total + count, 0);
}

/** @returns the number of packages in each SBOM of an attestation manifest */
function sbomsOf(archive: string, manifest: string, image: string): number[] {
  const { layers } = read(attestations, archive, manifest);
  return layers
    .filter(({ annotations }) => annotations[PREDICATE_TYPE] === SPDX)
    .map(({ digest }) => {
      const { subject, predicate } = read(statement, archive, digest);
      // BuildKit names no subject if the image is built without a name.
      const others = subject.filter((each) => `sha256:${each.digest.sha256}` !== image);
      if (others.length > 0) {
        throw new StepError(`The SBOM of ${image} is about another image. It is not deployed.`);
      }
      return predicate.packages.length;
    });
}

function read<T>(schema: z.ZodType<T>, archive: string, digest: string): T {
  const parsed = schema.safeParse(JSON.parse(blob(archive, digest).toString()));
  if (parsed.success) return parsed.data;
  throw new StepError(`${digest} in ${archive} is invalid:\n${z.prettifyError(parsed.error)}`);
}

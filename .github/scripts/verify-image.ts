import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { run } from "../../common/run.ts";
import { githubClient } from "./github/client.ts";
import { variable } from "./github/environment.ts";
import { StepError, step } from "./github/step.ts";
import { archiveDigest, blob } from "./image/oci-archive.ts";
import { verifySbom } from "./image/sbom.ts";

/** The workflow and branch that may build images. */
const SIGNER = ".github/workflows/deploy.yml";
const BRANCH = "refs/heads/main";

/** https://cli.github.com/manual/gh_attestation_verify */
const results = z
  .array(
    z.object({
      verificationResult: z.object({
        statement: z.object({
          subject: z.array(z.object({ digest: z.object({ sha256: z.string() }) })),
        }),
      }),
    }),
  )
  .min(1);

/**
 * Verifies before a deployment that the image has an SBOM, and that Deploy of this repository built it from
 * main: GitHub holds an attestation of its digest, signed for that workflow.
 */
async function verifyImage(): Promise<void> {
  const archive = variable("ARCHIVE");
  const digest = archiveDigest(archive);
  console.log(`${digest}: the SBOM lists ${verifySbom(archive, digest)} packages.`);
  // From the API, as the events of scheduled runs do not have it. GitHub supports attestations of private
  // repositories only in Enterprise Cloud.
  const github = githubClient();
  const { data } = await github.rest.repos.get(github.repository);
  if (data.private) {
    console.log("The repository is private, so no attestation is verified.");
    return;
  }
  const repository = variable("GITHUB_REPOSITORY");
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-image-"));
  try {
    // The digest of the image is the digest of this file.
    const file = join(folder, "index.json");
    writeFileSync(file, blob(archive, digest));
    const { code, stdout, stderr } = await run(
      [
        ...(["gh", "attestation", "verify", file, "--repo", repository] as const),
        ...["--signer-workflow", `${repository}/${SIGNER}`, "--source-ref", BRANCH],
        ...["--format", "json"],
      ],
      { accept: "any" },
    );
    if (code !== 0 || !attests(stdout, digest)) {
      throw new StepError(
        `Not deployed: ${digest} has no attestation that ${SIGNER} of ${repository} built it from main. ` +
          `${stderr.trim()}\nDeploy a commit of main instead: see docs/pipeline.md.`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${digest}: ${SIGNER} of ${repository} built it from main.`);
}

/** Reads the result too: older versions of gh exit with 0 if there is no attestation. */
function attests(stdout: string, digest: string): boolean {
  try {
    return results
      .parse(JSON.parse(stdout))
      .some(({ verificationResult: { statement } }) =>
        statement.subject.some((subject) => `sha256:${subject.digest.sha256}` === digest),
      );
  } catch {
    return false;
  }
}

if (import.meta.main) await step(verifyImage);

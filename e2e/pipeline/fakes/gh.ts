/**
 * Fake of GitHub's CLI: `attestation verify` of a file, against the attestations of the testbed. It verifies no
 * signatures: what gh verifies with them, repository, workflow and branch, the testbed states directly.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readAttestations } from "../attestations.ts";

const [group, command, file = "", ...flags] = process.argv.slice(2);
const flag = (name: string) => flags[flags.indexOf(`--${name}`) + 1];
if (group !== "attestation" || command !== "verify" || flag("format") !== "json") {
  throw new Error("This fake gh only verifies attestations, with --format json.");
}
if ((process.env.GITHUB_TOKEN ?? "") === "") throw new Error("gh needs a token.");
const hex = createHash("sha256").update(readFileSync(file)).digest("hex");
const valid = readAttestations(process.env.FAKE_ATTESTATIONS ?? "").filter(
  ({ digest, repository, workflow, ref }) =>
    digest === `sha256:${hex}` &&
    repository === flag("repo") &&
    `${repository}/${workflow}` === flag("signer-workflow") &&
    ref === flag("source-ref"),
);
if (valid.length === 0) {
  console.error(`fake gh: no matching attestation of sha256:${hex}`);
  process.exitCode = 1;
} else {
  const statement = { subject: [{ digest: { sha256: hex } }] };
  console.log(JSON.stringify(valid.map(() => ({ verificationResult: { statement } }))));
}

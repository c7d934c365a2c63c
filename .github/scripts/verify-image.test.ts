import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type GitHubApi, startGitHubApi } from "./testing/github-api.ts";
import { type ArchiveOptions, writeOciArchive } from "./testing/oci-archive.ts";
import { makeRunner, type Runner } from "./testing/runner.ts";

let runner: Runner;
let api: GitHubApi;
beforeEach(async () => {
  runner = makeRunner();
  api = await startGitHubApi();
});
afterEach(async () => {
  runner.remove();
  await api.close();
});

const OTHER = `sha256:${"1".repeat(64)}`;

/** Fakes gh: prints its arguments and the digest of the file to stderr, and the attestations to stdout. */
function gh(code: number, attested: readonly string[]): void {
  const results = attested.map((digest) => ({
    verificationResult: {
      statement: { subject: [{ digest: { sha256: digest.replace("sha256:", "") } }] },
    },
  }));
  runner.fake(
    "gh",
    `#!/bin/sh
echo "gh $*; token $GITHUB_TOKEN; file $(sha256sum "$3" | cut -d ' ' -f 1)" >&2
echo '${JSON.stringify(results)}'
exit ${code}
`,
  );
}

function verify(options: ArchiveOptions = {}) {
  const archive = join(runner.folder, "image.tar");
  const digest = writeOciArchive(archive, "one", options);
  const token = api.tokenFor({ attestations: "read" });
  return {
    digest,
    token,
    step: () =>
      runner.run("verify-image.ts", {
        ARCHIVE: archive,
        GITHUB_API_URL: api.url,
        GITHUB_TOKEN: token,
      }),
  };
}

test("accepts an image that Deploy built from main, by the digest of its index", async () => {
  const { digest, step } = verify();
  gh(0, [OTHER, digest]);
  const { code, log } = await step();
  expect(code, log).toBe(0);
  expect(log).toMatch(/the SBOM lists 1 packages/);
  expect(log).toMatch(/\.github\/workflows\/deploy\.yml of example-org\/cipherwatch built it/);
});

test("asks for this repository, workflow, branch and digest", async () => {
  const { digest, step, token } = verify();
  gh(1, []);
  const { log } = await step();
  expect(log).toMatch(
    /gh attestation verify \S+index\.json --repo example-org\/cipherwatch --signer-workflow example-org\/cipherwatch\/\.github\/workflows\/deploy\.yml --source-ref refs\/heads\/main --format json;/,
  );
  expect(log).toContain(`token ${token}`);
  expect(log).toContain(`file ${digest.replace("sha256:", "")}`);
});

test.each([
  ["gh finds none", 1, []],
  ["gh exits with 0 without one", 0, []],
  ["it is about another image", 0, [OTHER]],
])("rejects an image without an attestation: %s", async (_, code, attested) => {
  const { digest, step } = verify();
  gh(code, attested);
  const result = await step();
  expect(result.code).toBe(1);
  expect(result.log).toMatch(
    new RegExp(`::error::Not deployed: ${digest} has no attestation that .* built it from main`),
  );
});

test("verifies the SBOM, but no attestation, in a private repository", async () => {
  gh(1, []);
  api.visibility.private = true;
  expect(await verify().step()).toMatchObject({
    code: 0,
    log: expect.stringMatching(/no attestation is verified/),
  });
  expect(await verify({ sbom: "none" }).step()).toMatchObject({
    code: 1,
    log: expect.stringMatching(/has no SBOM/),
  });
});

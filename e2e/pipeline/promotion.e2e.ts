import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeOciArchive } from "../../.github/scripts/testing/oci-archive.ts";
import { run as runCommand } from "../../common/run.ts";
import { onMain } from "./events.ts";
import { type RunResult, runWorkflow } from "./run-workflow.ts";
import { makeTestbedWithoutStacks, type Testbed } from "./testbed.ts";

/** An image that dev runs, in the emulator's ECR and ECS, and how it gets to prod and is scanned again. */
const REPOSITORY = "cipherwatch-dev-service";
let testbed: Testbed;
let digest: string;

beforeAll(async () => {
  testbed = await makeTestbedWithoutStacks();
  await makePlanRole();
  digest = await runImage();
  testbed.attestations.add({
    digest,
    repository: testbed.api.repository,
    workflow: ".github/workflows/deploy.yml",
    ref: "refs/heads/main",
  });
  const sha = testbed.gitRemote.main();
  testbed.api.deployments.push({ id: 1, environment: "dev", sha, states: ["success"] });
});
afterAll(async () => {
  await testbed?.close();
});

async function aws(...args: readonly string[]): Promise<void> {
  await runCommand(["aws", ...args], { cwd: ".", env: testbed.adminEnv });
}

/** A plan role that trusts jobs of main, as bootstrap creates it. */
async function makePlanRole(): Promise<void> {
  const issuer = "token.actions.githubusercontent.com";
  const trust = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: "sts:AssumeRoleWithWebIdentity",
        Principal: {
          Federated: `arn:aws:iam::${testbed.accountId}:oidc-provider/${issuer}`,
        },
        Condition: {
          StringEquals: {
            [`${issuer}:aud`]: "sts.amazonaws.com",
            [`${issuer}:sub`]: `repo:${testbed.api.repository}:ref:refs/heads/main`,
            [`${issuer}:job_workflow_ref`]: ["deploy.yml", "rescan.yml"].map(
              (file) => `${testbed.api.repository}/.github/workflows/${file}@refs/heads/main`,
            ),
          },
        },
      },
    ],
  };
  await aws(
    ...["iam", "create-role", "--role-name", "cipherwatch-dev-plan", "--path", "/bootstrap/"],
    ...["--assume-role-policy-document", JSON.stringify(trust)],
  );
}

/** Puts an image into the registry of dev, and runs it as the service. @returns its digest */
async function runImage(): Promise<string> {
  const archive = join(testbed.environment.HOME ?? "", "image.tar");
  const image = writeOciArchive(archive, "the image of dev");
  copyFileSync(archive, join(testbed.environment.FAKE_IMAGES ?? "", image));
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const manifest = { schemaVersion: 2, mediaType, manifests: [{ digest: image }] };
  await aws("ecr", "create-repository", "--repository-name", REPOSITORY);
  await aws(
    ...["ecr", "put-image", "--repository-name", REPOSITORY, "--image-tag", "1"],
    ...["--image-manifest", JSON.stringify(manifest), "--image-manifest-media-type", mediaType],
    ...["--image-digest", image],
  );
  const container = { name: "api", memory: 512, image: `registry/${REPOSITORY}@${image}` };
  await aws("ecs", "create-cluster", "--cluster-name", "cipherwatch-dev-service");
  await aws(
    ...["ecs", "register-task-definition", "--family", "cipherwatch-dev-service"],
    ...["--container-definitions", JSON.stringify([container])],
  );
  await aws(
    ...["ecs", "create-service", "--cluster", "cipherwatch-dev-service"],
    ...["--service-name", "cipherwatch-dev-api", "--desired-count", "1"],
    ...["--task-definition", "cipherwatch-dev-service"],
  );
  return image;
}

const conclusions = ({ conclusion }: RunResult, ...jobs: readonly string[]) =>
  jobs.map((job) => `${job}: ${conclusion(job)}`);

function deploy(inputs: Readonly<Record<string, string>>): Promise<RunResult> {
  const event = onMain("workflow_dispatch", testbed.gitRemote.main(), inputs);
  return runWorkflow(testbed, "deploy.yml", event);
}

describe("a promotion", () => {
  const prodSettings = () =>
    (testbed.variables.SETTINGS_DEV ?? "")
      .replace("CIPHERWATCH_ENV=dev", "CIPHERWATCH_ENV=prod")
      .replaceAll(/(ROLE_ARN=\S+cipherwatch)-dev-/g, "$1-prod-");
  const promote = async () => {
    const { variables } = testbed;
    const { ENVIRONMENTS = "" } = variables;
    Object.assign(variables, { ENVIRONMENTS: '["dev","prod"]', SETTINGS_PROD: prodSettings() });
    const run = await deploy({ environment: "prod" });
    Object.assign(variables, { ENVIRONMENTS });
    delete variables.SETTINGS_PROD;
    return run;
  };
  const stopped = ["source: failure", "build: skipped", "deploy: skipped", "stopped: success"];
  const refused = (run: RunResult) => conclusions(run, "source", "build", "deploy", "stopped");

  test("takes the image that dev runs, and scans it again instead of building one", async () => {
    const run = await promote();
    // prod has no roles here, so its plan fails and nothing is deployed.
    expect(conclusions(run, "source", "build", "scan", "plan", "deploy")).toEqual([
      "source: success",
      "build: success",
      "scan: success",
      "plan: failure",
      "deploy: skipped",
    ]);
    expect(run.jobs.build?.outputs.digest).toBe(digest);
    expect(run.jobs.scan?.outputs.digest).toBe(digest);
    expect(run.log).not.toMatch(/fake docker/);
    expect(run.run.assumedRoles).toEqual([expect.stringMatching(/cipherwatch-dev-plan$/)]);
  });

  test("is refused if the image has no attestation, or one of another repository", async () => {
    const { attestations } = testbed;
    const [attestation, ...more] = attestations.remove(digest);
    expect(more).toEqual([]);
    if (attestation === undefined) return expect.unreachable();
    const others = [[], [{ ...attestation, repository: "mallory/cipherwatch" }]];
    for (const other of others) {
      for (const each of other) attestations.add(each);
      const run = await promote();
      attestations.remove(digest);
      expect(refused(run), JSON.stringify(other)).toEqual(stopped);
      expect(run.log).toMatch(new RegExp(`Not deployed: ${digest} has no attestation`));
    }
    attestations.add(attestation);
  });

  test("of an image that the registry does not have is refused", async () => {
    const run = await deploy({ environment: "dev", digest: `sha256:${"1".repeat(64)}` });
    expect(refused(run)).toEqual(stopped);
    expect(run.log).toMatch(/cipherwatch-dev-service has no image sha256:1+\./);
  });
});

const TITLE = "Vulnerabilities in the image of dev";
const BASE = `sha256:${"b".repeat(64)}`;
const night = async (snyk: string) => {
  Object.assign(testbed.environment, { FAKE_SNYK: snyk, FAKE_BASE_DIGEST: BASE });
  const run = await runWorkflow(
    testbed,
    "rescan.yml",
    onMain("schedule", testbed.gitRemote.main()),
  );
  for (const name of ["FAKE_SNYK", "FAKE_BASE_DIGEST"]) delete testbed.environment[name];
  return ["image", "scan", "report"].map((job) => `${job}: ${run.conclusion(job)}`);
};
const issues = () => testbed.api.issues.filter(({ title }) => title === TITLE);

describe("the nightly rescan", () => {
  test("opens an issue for a vulnerability in the image that runs, and a branch with a newer base", async () => {
    expect(await night("container=1,0")).toEqual([
      "image: success",
      "scan: failure",
      "report: success",
    ]);
    expect(issues()).toMatchObject([{ state: "open", body: expect.stringContaining(BASE) }]);
    const branch = testbed.api.branches.get("base-image") ?? {};
    expect(Object.keys(branch)).toEqual(["service/Dockerfile", "service/base.Dockerfile"]);
    for (const content of Object.values(branch)) expect(content).toContain(`node:24-slim@${BASE}`);
  });

  test("closes the issue once the image that runs has no vulnerability", async () => {
    expect(await night("0")).toEqual(["image: success", "scan: success", "report: success"]);
    expect(issues()).toMatchObject([{ state: "closed" }]);
  });
});

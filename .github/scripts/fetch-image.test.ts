import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeOciArchive } from "./testing/oci-archive.ts";
import { makeRunner, type Runner } from "./testing/runner.ts";

const URI = "123456789012.dkr.ecr.ap-southeast-2.amazonaws.com/cipherwatch-dev-service";

let runner: Runner;
let digest: string;
beforeEach(() => {
  runner = makeRunner();
  digest = writeOciArchive(join(runner.folder, "registry.tar"), "one");
  runner.fake(
    "skopeo",
    `#!/bin/sh
echo "skopeo $*"
eval "target=\\$$#"
cp registry.tar "\${target#oci-archive:}"
`,
  );
});
afterEach(() => {
  runner.remove();
});

/** Fakes the AWS CLI: the running image, whether it is steady, and the images in the registry. */
function aws(
  running = digest,
  {
    rolloutState = "COMPLETED",
    images = [running],
  }: { rolloutState?: string; images?: string[] } = {},
): void {
  const services =
    running === ""
      ? []
      : [
          {
            status: "ACTIVE",
            taskDefinition: "task:1",
            deployments: [{ status: "PRIMARY", rolloutState }],
          },
        ];
  runner.fake(
    "aws",
    `#!/usr/bin/env node
const args = process.argv.slice(2);
const image = args.find((arg) => arg.startsWith("imageDigest="))?.slice("imageDigest=".length);
if (args[1] === "describe-services") console.log(JSON.stringify({ services: ${JSON.stringify(services)} }));
if (args[1] === "describe-task-definition")
  console.log(JSON.stringify({ taskDefinition: { containerDefinitions: [{ image: "r@${running}" }] } }));
if (args[1] === "describe-repositories")
  console.log(JSON.stringify({ repositories: [{ repositoryUri: "${URI}" }] }));
if (args[1] === "describe-images" && !${JSON.stringify(images)}.includes(image)) {
  console.error("An error occurred (ImageNotFoundException) when calling DescribeImages");
  process.exit(254);
}
`,
  );
}

const fetch = (DIGEST = "") =>
  runner.run("fetch-image.ts", { ENVIRONMENT: "dev", ARCHIVE: "image.tar", DIGEST });

test("copies the image that the environment runs, with its attestations", async () => {
  aws();
  const { code, log, outputs } = await fetch();
  expect(code, log).toBe(0);
  expect(outputs).toEqual({ digest });
  expect(log).toContain(
    `skopeo copy --all --preserve-digests --retry-times 3 docker://${URI}@${digest} oci-archive:image.tar`,
  );
});

test("copies the image with a given digest, whatever the environment runs", async () => {
  aws(`sha256:${"1".repeat(64)}`, { images: [digest] });
  expect((await fetch(digest)).outputs).toEqual({ digest });
});

test.each(["latest", "sha256:1", `sha256:${"1".repeat(64)} --all`])(
  "rejects the digest %j",
  async (given) => {
    aws();
    expect(await fetch(given)).toMatchObject({
      code: 1,
      outputs: {},
      log: expect.stringMatching(/must be sha256: and 64 lowercase hexadecimal digits, received/),
    });
  },
);

test("rejects an image that the registry no longer has", async () => {
  aws(digest, { images: [] });
  expect(await fetch(digest)).toMatchObject({
    code: 1,
    log: expect.stringMatching(/cipherwatch-dev-service has no image .*CIPHERWATCH_IMAGES_KEPT/),
  });
});

test("rejects an image other than the requested one", async () => {
  const other = `sha256:${"1".repeat(64)}`;
  aws(digest, { images: [other] });
  expect(await fetch(other)).toMatchObject({
    code: 1,
    outputs: {},
    log: expect.stringMatching(new RegExp(`returned the image ${digest} instead of ${other}`)),
  });
});

test("promotes nothing while the environment deploys, or without a service", async () => {
  aws(digest, { rolloutState: "IN_PROGRESS" });
  expect((await fetch()).log).toMatch(/dev is in the middle of a deployment/);
  aws("");
  expect((await fetch()).log).toMatch(/dev runs no service/);
});

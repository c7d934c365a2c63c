import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { run } from "../../common/run.ts";
import { clientEnvironment } from "./client-environment.ts";

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "cipherwatch-home-"));
  mkdirSync(join(home, ".aws"));
  writeFileSync(
    join(home, ".aws", "config"),
    "[default]\nregion = us-east-1\nuse_fips_endpoint = true\nretry_mode = nonsense\n",
  );
  writeFileSync(join(home, ".aws", "credentials"), "[default]\naws_access_key_id = HOMEKEY\n");
});
afterAll(() => rmSync(home, { recursive: true }));

const script = `
  import { DescribeKeyCommand, KMSClient } from "@aws-sdk/client-kms";
  await new KMSClient({}).send(new DescribeKeyCommand({ KeyId: "k" }));`;

it("makes an SDK ignore the user's own AWS configuration", async () => {
  const authorizations: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    authorizations.push(request.headers.authorization);
    response.setHeader("content-type", "application/x-amz-json-1.1").end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const credentials = { accessKeyId: "LABKEY", secretAccessKey: "s", sessionToken: "t" };
  const environment = clientEnvironment({
    endpoint: `http://127.0.0.1:${port}`,
    region: "ap-southeast-2",
    credentials,
  });
  const callKms = (env: Readonly<Record<string, string>>) =>
    run([process.execPath, "--input-type=module", "--eval", script], {
      cwd: import.meta.dirname,
      env: { HOME: home, ...env },
    });
  await callKms(environment);
  expect(authorizations).toEqual([
    expect.stringMatching(/Credential=LABKEY\/\d+\/ap-southeast-2\//),
  ]);

  // Prove that the configuration above breaks the call unless AWS_CONFIG_FILE is set.
  const { AWS_CONFIG_FILE: _, ...exposed } = environment;
  await expect(callKms(exposed)).rejects.toThrow();
  server.close();
});

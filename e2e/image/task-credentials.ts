import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { listen } from "./listen.ts";

/** What gives the processes of a task their role's credentials, as the agent of ECS does. */
export interface TaskCredentials {
  /** Variables by which an AWS SDK finds it. */
  readonly environment: Readonly<Record<string, string>>;
  /** All that no log may show. */
  readonly secrets: readonly string[];
  /** How often credentials were given. */
  readonly given: () => number;
  readonly close: () => Promise<void>;
}

/**
 * Assumes the role once and hands out what it got.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 * @param endpoint where STS answers
 */
export async function startTaskCredentials(
  endpoint: string,
  roleArn: string,
): Promise<TaskCredentials> {
  const credentials = await assumeRole(endpoint, roleArn);
  const token = randomUUID();
  let given = 0;
  const server = createServer((request, response) => {
    const allowed = request.headers.authorization === token;
    if (allowed) given += 1;
    response.writeHead(allowed ? 200 : 401, { "content-type": "application/json" });
    response.end(JSON.stringify(allowed ? credentials : { code: "Unauthorized" }));
  });
  const port = await listen(server);
  return {
    environment: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
    },
    secrets: [token, credentials.SecretAccessKey, credentials.Token],
    given: () => given,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function assumeRole(endpoint: string, roleArn: string) {
  const answer = await fetch(endpoint, {
    method: "POST",
    headers: {
      authorization: "AWS4-HMAC-SHA256 Credential=ecs/20260101/ap-southeast-2/sts/aws4_request",
    },
    body: new URLSearchParams({
      Action: "AssumeRole",
      Version: "2011-06-15",
      RoleArn: roleArn,
      RoleSessionName: "image",
    }),
  });
  const xml = await answer.text();
  const member = (name: string) => {
    const [, value] = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml) ?? [];
    if (value === undefined) throw new Error(`AssumeRole answered ${answer.status}:\n${xml}`);
    return value;
  };
  return {
    AccessKeyId: member("AccessKeyId"),
    SecretAccessKey: member("SecretAccessKey"),
    Token: member("SessionToken"),
    Expiration: member("Expiration"),
    RoleArn: roleArn,
  };
}

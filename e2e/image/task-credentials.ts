import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { listen } from "./listen.ts";

/** Serves a task role's credentials to the processes of a task, like the ECS agent. */
export interface TaskCredentials {
  /** Environment variables that point AWS SDKs to it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Values that must not appear in any log. */
  readonly secrets: readonly string[];
  /** Number of authorized requests. */
  readonly requests: () => number;
  readonly close: () => Promise<void>;
}

/**
 * Assumes the role once and serves the credentials.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 * @param endpoint URL of STS
 */
export async function startTaskCredentials(
  endpoint: string,
  roleArn: string,
): Promise<TaskCredentials> {
  const credentials = await assumeRole(endpoint, roleArn);
  const token = randomUUID();
  let requests = 0;
  const server = createServer((request, response) => {
    const allowed = request.headers.authorization === token;
    if (allowed) requests += 1;
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
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Assumes the role as the user `ecs`. The role trusts ECS alone, so an administrator lets the user in first. */
async function assumeRole(endpoint: string, roleArn: string) {
  const [, , , , account] = roleArn.split(":");
  const statement = {
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${account}:user/ecs` },
    Action: "sts:AssumeRole",
  };
  await call(endpoint, "iam", {
    Action: "UpdateAssumeRolePolicy",
    Version: "2010-05-08",
    RoleName: roleArn.slice(roleArn.lastIndexOf("/") + 1),
    PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }),
  });
  const xml = await call(endpoint, "sts", {
    Action: "AssumeRole",
    Version: "2011-06-15",
    RoleArn: roleArn,
    RoleSessionName: "image",
  });
  const member = (name: string) => {
    const [, value] = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml) ?? [];
    if (value === undefined) throw new Error(`AssumeRole returned no ${name}:\n${xml}`);
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

async function call(endpoint: string, service: string, parameters: Record<string, string>) {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=ecs/20260101/ap-southeast-2/${service}/aws4_request`,
    },
    body: new URLSearchParams(parameters),
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`${parameters.Action} returned ${response.status}:\n${body}`);
  return body;
}

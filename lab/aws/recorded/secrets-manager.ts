import { randomBytes, randomUUID } from "node:crypto";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { DeployedDatabase } from "../../../terraform/access.ts";
import { type Policy, PolicyError, parsePolicy } from "../iam/policy.ts";
import type { KeyStore } from "../kms/keys.ts";
import { authorizeUse } from "../kms/keys.ts";
import type { AwsStructure, Call, Operations } from "../shared/operation.ts";
import { type Members, missingJsonMember, textOf } from "./recorded-operation.ts";

interface Secret extends DeployedDatabase {
  /** The name: the ARN's last part without its six random characters. */
  readonly name: string;
  readonly value: string;
  readonly versionId: string;
  policy?: Policy;
}

/**
 * Emulates the master secret of the database. To read it, a caller needs the permission of the secret and, if its KMS
 * key is customer managed, that of the key. A resource policy takes effect until the lab stops; other changes are
 * only recorded.
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html
 */
export function secretsManagerOperations(
  databases: readonly DeployedDatabase[],
  keys: KeyStore,
): Operations {
  const secrets: readonly Secret[] = databases.map((database) => ({
    ...database,
    name: database.secretArn.replace(/^.*:secret:(.*)-\w{6}$/, "$1"),
    // The lab's PostgreSQL has no password, so this value gives no access.
    value: JSON.stringify({
      username: "postgres",
      password: randomBytes(24).toString("base64url"),
    }),
    versionId: randomUUID(),
  }));
  const find = (id: string): Secret => {
    const secret = secrets.find(({ secretArn, name }) => id === secretArn || id === name);
    if (secret !== undefined) return secret;
    throw new AwsError(
      "ResourceNotFoundException",
      "Secrets Manager can't find the specified secret.",
    );
  };
  const authorizedSecret = (members: Members, call: Call, operation = call.operation): Secret => {
    const id = textOf(members, "SecretId");
    if (id === "") throw missingJsonMember("ValidationException")("SecretId");
    const secret = find(id);
    authorizeSecret(secret, call, operation);
    return secret;
  };
  const recordOnly = (members: Members, call: Call): AwsStructure => {
    const { secretArn, name } = authorizedSecret(members, call);
    return { ARN: secretArn, Name: name };
  };

  const operations: Readonly<Record<string, (members: Members, call: Call) => AwsStructure>> = {
    GetSecretValue: (members, call) => read(authorizedSecret(members, call), call, keys),
    BatchGetSecretValue: (members, call) => {
      call.authorize({ action: "secretsmanager:BatchGetSecretValue", resource: "*" });
      const ids = members.SecretIdList;
      const requested = Array.isArray(ids) ? ids.map(String).map(find) : secrets;
      for (const secret of requested) authorizeSecret(secret, call, "GetSecretValue");
      return { SecretValues: requested.map((secret) => read(secret, call, keys)), Errors: [] };
    },
    PutResourcePolicy: (members, call) => {
      const secret = authorizedSecret(members, call);
      secret.policy = parseResourcePolicy(textOf(members, "ResourcePolicy"));
      return { ARN: secret.secretArn, Name: secret.name };
    },
    DeleteResourcePolicy: (members, call) => {
      const secret = authorizedSecret(members, call);
      delete secret.policy;
      return { ARN: secret.secretArn, Name: secret.name };
    },
    PutSecretValue: recordOnly,
    UpdateSecret: recordOnly,
    RotateSecret: recordOnly,
    DeleteSecret: recordOnly,
  };
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [
      name,
      (input, call) => operation((input ?? {}) as Members, call),
    ]),
  );
}

function authorizeSecret({ secretArn, policy }: Secret, call: Call, operation: string): void {
  call.authorize({
    action: `secretsmanager:${operation}`,
    resource: secretArn,
    ...(policy === undefined ? {} : { resourcePolicy: policy }),
  });
}

function read(secret: Secret, call: Call, keys: KeyStore): AwsStructure {
  authorizeDecryption(secret, call, keys);
  const { secretArn, name, value, versionId } = secret;
  return {
    ARN: secretArn,
    Name: name,
    VersionId: versionId,
    SecretString: value,
    VersionStages: ["AWSCURRENT"],
  };
}

/**
 * Checks that the caller may decrypt the secret, as Secrets Manager does with the caller's permissions. Skips the AWS
 * managed key, which the lab does not have and which every caller that may read the secret may use.
 */
function authorizeDecryption(
  { secretArn, secretKeyArn, versionId }: Secret,
  call: Call,
  keys: KeyStore,
): void {
  if (secretKeyArn === undefined) return;
  const key = keys.all().find(({ arn }) => arn === secretKeyArn);
  const unusable = new AwsError("AccessDeniedException", "Access to KMS is not allowed");
  if (key === undefined || key.current.state !== "Enabled") throw unusable;
  try {
    authorizeUse(call, key, {
      action: "kms:Decrypt",
      encryptionContext: { SecretARN: secretArn, SecretVersionId: versionId },
      context: { "kms:ViaService": `secretsmanager.${call.region}.amazonaws.com` },
    });
  } catch (error) {
    throw error instanceof AwsError ? unusable : error;
  }
}

function parseResourcePolicy(document: string): Policy {
  try {
    return parsePolicy(document);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new AwsError("MalformedPolicyDocumentException", error.message);
  }
}

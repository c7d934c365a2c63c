import { createHmac, createSecretKey, hash, type KeyObject } from "node:crypto";
import { HttpRequest } from "@smithy/core/transport";
import type { Credentials } from "./credentials.ts";

interface SignOptions {
  readonly signingDate?: Date;
}

/**
 * Signs requests with Signature Version 4, as the SDK's signer does, for a fifth of its CPU. The caller corrects the
 * date by the skew of the clock.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * @param credentials returns the current credentials
 * @param service the service's name in the credential scope
 */
export function createSigner(
  credentials: Credentials,
  region: string,
  service: "kms" | "logs" = "kms",
) {
  const signingKey = createSigningKey();
  return {
    async sign(request: HttpRequest, { signingDate = new Date() }: SignOptions = {}) {
      const { accessKeyId, secretAccessKey, sessionToken } = await credentials();
      const time = signingDate.toISOString().replace(/[-:]|\.\d+/g, "");
      const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
      const payload = hash("sha256", request.body, "hex");
      const headers: Record<string, string> = {
        ...request.headers,
        "x-amz-content-sha256": payload,
        "x-amz-date": time,
      };
      if (sessionToken !== undefined) headers["x-amz-security-token"] = sessionToken;

      // Proxies may change the user agent, so it is the one header that is not signed.
      const names = Object.keys(headers).filter((name) => name !== "user-agent");
      const signedHeaders = names.sort().join(";");
      const lines = names.map((name) => `${name}:${headers[name]?.trim()}\n`).join("");
      const { method, path } = request;
      const canonical = `${method}\n${path}\n\n${lines}\n${signedHeaders}\n${payload}`;
      const toSign = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash("sha256", canonical, "hex")}`;
      const key = signingKey(secretAccessKey, scope);
      const signature = createHmac("sha256", key).update(toSign).digest("hex");
      headers.authorization =
        `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, ` +
        `SignedHeaders=${signedHeaders}, Signature=${signature}`;
      return new HttpRequest({ ...request, headers });
    },
  };
}

/** Derives the key that signs, and keeps it until the day or the credentials change. */
function createSigningKey(): (secretAccessKey: string, scope: string) => KeyObject {
  let last: { secretAccessKey: string; scope: string; key: KeyObject } | undefined;
  return (secretAccessKey, scope) => {
    if (last?.scope !== scope || last.secretAccessKey !== secretAccessKey) {
      const hmac = (key: string | Buffer, value: string) =>
        createHmac("sha256", key).update(value).digest();
      const bytes = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
      // A KeyObject: Node 24 throws and catches two errors for each key that is passed as bytes.
      last = { secretAccessKey, scope, key: createSecretKey(bytes as Buffer) };
    }
    return last.key;
  };
}

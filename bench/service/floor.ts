import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { connect } from "../../service/database.ts";
import { parseServiceEnvironment } from "../../service/environment.ts";
import { createStore } from "../../service/store.ts";

/**
 * The least that a service with this SDK, driver and SQL can do: `node:http`, one call to KMS, AES-GCM. No
 * validation, limits, deadlines, logs, metrics, headers or secret of the caller.
 */
const { database: access, KMS_KEY_ARN: KeyId } = parseServiceEnvironment(process.env);
const sql = connect(access, { max: 10 });
const run = <T>(statement: (driver: typeof sql) => Promise<T>) => statement(sql);
const store = createStore({ read: run, query: run, close: () => sql.end() }, Date.now);
const kms = new KMSClient({
  requestHandler: { httpAgent: { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY } },
});

async function encrypt({ Name, Text }: Record<string, string>): Promise<object> {
  const id = randomUUID();
  const key = await kms.send(
    new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256", EncryptionContext: { record: id } }),
  );
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key.Plaintext ?? "", nonce);
  const ciphertext = Buffer.concat([
    cipher.update(Text ?? ""),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  const wrappedKey = key.CiphertextBlob ?? new Uint8Array();
  const record = { id, name: Name ?? "", wrappedKey, kmsKeyArn: KeyId, nonce, ciphertext };
  await store.insert({
    ...record,
    formatVersion: 1,
    keyDigest: undefined,
    client: undefined,
    expires: undefined,
  });
  return { Key: id };
}

async function decrypt({ Name = "", Key: id = "" }: Record<string, string>): Promise<object> {
  const CiphertextBlob = (await store.findCandidate(id, Name))?.wrappedKey;
  const key = await kms.send(
    new DecryptCommand({ KeyId, CiphertextBlob, EncryptionContext: { record: id } }),
  );
  const content = await store.readContent(id, Name);
  if (content === undefined) throw new Error("There is no such record.");
  const decipher = createDecipheriv("aes-256-gcm", key.Plaintext ?? "", content.nonce);
  decipher.setAuthTag(content.ciphertext.subarray(-16));
  const text = Buffer.concat([
    decipher.update(content.ciphertext.subarray(0, -16)),
    decipher.final(),
  ]);
  return { Text: text.toString() };
}

async function read(request: IncomingMessage): Promise<Record<string, string>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

const server = createServer(async (request, response) => {
  try {
    const body = await read(request);
    const result = await (request.url === "/encrypt" ? encrypt(body) : decrypt(body));
    const json = JSON.stringify(result);
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(json),
    });
    response.end(json);
  } catch {
    // Only successful requests count.
    response.writeHead(500).end();
  }
});
server.listen(0, "127.0.0.1", () => {
  process.send?.({ listening: (server.address() as AddressInfo).port });
});
process.on("disconnect", () => process.exit());

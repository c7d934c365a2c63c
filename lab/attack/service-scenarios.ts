import { z } from "zod";
import type { LabClient } from "./lab-client.ts";

const FORBIDDEN = 403;

/** Concurrent requests: enough for many per second, and far below the service's limit. */
const CONCURRENCY = 16;

/** Sends wrong Keys to the service. */
export async function tryWrongKeys({ post }: LabClient, count: number): Promise<void> {
  await concurrently(count, async (index) => {
    const { status } = await post("/decrypt", { Name: "Stephen", Key: `some-false-key-${index}` });
    if (status !== FORBIDDEN) {
      throw new Error(`The service returned ${status} for a wrong Key; expected ${FORBIDDEN}.`);
    }
  });
}

const EncryptResponse = z.object({ Key: z.string() });

/** Encrypts a record, and decrypts it many times. */
export async function decryptRepeatedly({ post }: LabClient, count: number): Promise<void> {
  const Name = "Stephen";
  const send = async (path: string, body: object) => {
    const { status, json } = await post(path, body);
    if (status !== 200)
      throw new Error(`The service returned ${status} for ${path}; expected 200.`);
    return json;
  };
  const { Key } = EncryptResponse.parse(await send("/encrypt", { Name, Text: "I love Pizza" }));
  await concurrently(count, () => send("/decrypt", { Name, Key }));
}

/** Encrypts a record as one client, and tries its Key as another. */
export async function useForeignKey({ post }: LabClient): Promise<void> {
  const Name = "Stephen";
  const { json } = await post("/encrypt", { Name, Text: "I love Pizza" }, "alice");
  const { Key } = EncryptResponse.parse(json);
  const { status } = await post("/decrypt", { Name, Key }, "mallory");
  if (status !== FORBIDDEN) {
    throw new Error(`The service returned ${status} to another client; expected ${FORBIDDEN}.`);
  }
}

async function concurrently(
  count: number,
  task: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, count) }, worker));
}

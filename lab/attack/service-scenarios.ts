import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { LabClient } from "./lab-client.ts";

const OK = 200;
const FORBIDDEN = 403;
const TOO_MANY = 429;

/** Concurrent requests: enough to send many per second, and far below the service's limit. */
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

/** Decrypts by one client: fewer than its quota in a lab with identity. */
const DECRYPTS_OF_CLIENT = 200;

/** Encrypts records and decrypts them many times. With identity, each record belongs to a new client. */
export async function decryptRepeatedly({ post }: LabClient, count: number): Promise<void> {
  for (let left = count; left > 0; left -= DECRYPTS_OF_CLIENT) {
    const client = newClient();
    const body = await encryptAs({ post }, client);
    await concurrently(Math.min(left, DECRYPTS_OF_CLIENT), async () => {
      const { status } = await post("/decrypt", body, client);
      if (status !== OK) throw unexpected(status, "/decrypt");
    });
  }
}

/** Limits the attack to minutes if the quota of the lab is too high to be exhausted. */
const MAX_COPIES = 20_000;

/** Decrypts a record as a new client until its quota is exhausted. */
export async function copyUntilRejected({ post }: LabClient): Promise<void> {
  const client = newClient();
  const body = await encryptAs({ post }, client);
  for (let decrypts = 0; decrypts < MAX_COPIES; decrypts += 1) {
    const { status } = await post("/decrypt", body, client);
    if (status === TOO_MANY) return;
    if (status !== OK) throw unexpected(status, "/decrypt");
  }
  throw new Error(
    `The service allowed ${MAX_COPIES} decrypts by one client without rejecting any. Start the lab with a lower CIPHERWATCH_CLIENT_DECRYPTS_PER_DAY.`,
  );
}

/** Returns the name of a client whose quotas are unused. */
const newClient = () => `client-${randomBytes(6).toString("hex")}`;

async function encryptAs({ post }: Pick<LabClient, "post">, client: string) {
  const Name = "Stephen";
  const { status, json } = await post("/encrypt", { Name, Text: "I love Pizza" }, client);
  if (status !== OK) throw unexpected(status, "/encrypt");
  return { Name, Key: EncryptResponse.parse(json).Key };
}

function unexpected(status: number, path: string): Error {
  return new Error(`The service returned ${status} for ${path}; expected ${OK}.`);
}

/** Encrypts a record as one client, and tries its Key as another. */
export async function useForeignKey({ post }: LabClient): Promise<void> {
  const { status } = await post("/decrypt", await encryptAs({ post }, "alice"), "mallory");
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

import { Hono } from "hono";
import { bodyLimit } from "./admission.ts";
import { DecryptRequest, EncryptRequest, ForgetRequest } from "./contract.ts";
import type { AppDependencies } from "./dependencies.ts";
import { formatKey, parseKey, substituteKey } from "./key.ts";
import { Problem } from "./problem.ts";
import { type RequestContext, type RequestEnv, type RequestFacts, readJson } from "./request.ts";
import { respondJson } from "./response.ts";
import type { Store } from "./store.ts";
import type { Opened } from "./vault.ts";

/** The three operations on records: encrypt, decrypt, forget. */
export function recordRoutes(dependencies: AppDependencies): Hono<RequestEnv> {
  const { vault, store, limits, mayDecrypt, now, recordErasure } = dependencies;
  const bodyBytes = bodyLimit(limits.text);
  const app = new Hono<RequestEnv>();

  app.post("/encrypt", async (context) => {
    const { Name, Text, ExpiresAt } = await readJson(context, EncryptRequest, bodyBytes);
    requireSize(Text, limits.text);
    const expires = ExpiresAt === undefined ? undefined : new Date(ExpiresAt);
    requireFuture(expires, now());
    const { deadline, client } = context.var;
    const sealed = await vault.seal({ name: Name, text: Text, client, expires }, deadline);
    const { key, record, kmsRequestId } = sealed;
    context.get("facts").kmsRequestId = kmsRequestId;
    try {
      deadline.throwIfAborted();
      await store.insert(record, deadline);
      const Message = "Data encrypted and stored, keep your key safe";
      return respondJson(context, { Message, Key: formatKey(key) });
    } finally {
      key.secret.fill(0);
    }
  });

  app.on(["GET", "POST"], "/decrypt", async (context) => {
    const { Name, Key } = await readJson(context, DecryptRequest, bodyBytes);
    const { text } = await open(context, Name, Key, store.findCandidate);
    if (text === undefined) throw denied();
    return respondJson(context, { Text: text });
  });

  app.post("/forget", async (context) => {
    const { Name, Key } = await readJson(context, ForgetRequest, bodyBytes);
    const { id } = await open(context, Name, Key, store.findCandidateToRemove);
    context.get("deadline").throwIfAborted();
    // First: once the response promises the deletion, no backup may bring the record back.
    await recordErasure(id, context.get("deadline"));
    await store.remove(id, Name);
    return respondJson(context, { Message: "Data deleted, the key no longer opens anything" });
  });

  /**
   * The only way to decrypt a record. A wrong Key, a malformed Key, an unknown Name, another client's record,
   * an expired record, and a record that was tampered with or cannot be read all take the same path, one lookup and one KMS call,
   * and get the same response.
   * @returns no text when KMS accepted the Key of a record that is deleted
   */
  async function open(
    context: RequestContext,
    name: string,
    presentedKey: string,
    findCandidate: Store["findCandidate"],
  ) {
    if (!mayDecrypt()) throw unrecorded();
    const { deadline, admission, facts, client } = context.var;
    const parsedKey = parseKey(presentedKey);
    // Only Name and Key are left of the body. A malformed Key can be as large, but never waits for a text's memory.
    if (parsedKey !== undefined) admission.keepMemory(0);
    const key = parsedKey ?? substituteKey();
    try {
      const stored = await findCandidate(key.id, name, deadline);
      deadline.throwIfAborted();
      const readContent = async () => {
        await admission.awaitMemory(limits.text);
        return await store.readContent(key.id, name, deadline);
      };
      const candidate = stored && { ...stored, readContent };
      const opened = await vault.open({ key, name, candidate, client }, deadline);
      admission.keepMemory(opened.status === "opened" ? Buffer.byteLength(opened.text) : 0);
      recordDecision(facts, opened);
      if (opened.status === "opened") return { id: key.id, text: opened.text };
      if (opened.status !== "deleted") throw denied();
      return { id: key.id, text: undefined };
    } finally {
      key.secret.fill(0);
    }
  }

  return app;
}

/** Records what the vault decided in the request's log line and metrics. */
function recordDecision(facts: RequestFacts, opened: Opened): void {
  facts.kmsRequestId = opened.kmsRequestId;
  facts.metrics = {
    ...facts.metrics,
    Decrypts: 1,
    DecryptDenied: Number(DENIED.has(opened.status)),
    TamperedRecords: Number(opened.status === "tampered"),
    UnreadableRecords: Number(opened.status === "unreadable"),
  };
  if (opened.status === "tampered") facts.tampered = opened.reason;
  if (opened.status === "unreadable") facts.unreadable = opened.reason;
}

/**
 * Statuses that count as denied: those of wrong Keys. A record that cannot be read is the operator's problem,
 * which has an alarm of its own.
 */
const DENIED: ReadonlySet<Opened["status"]> = new Set(["rejected", "tampered"]);

function denied(): Problem {
  return new Problem(
    "DecryptionFailed",
    "Data decryption failed, make sure you have the correct key",
  );
}

/** Before any lookup and KMS call: a Key that is tried without a trail is tried unseen. */
function unrecorded(): Problem {
  return new Problem(
    "TrailUnavailable",
    "Decrypting is suspended because CloudTrail does not record it; try again later.",
    { "Retry-After": "30" },
  );
}

function requireFuture(expires: Date | undefined, now: number): void {
  if (expires === undefined || expires.getTime() > now) return;
  const time = new Date(now).toISOString();
  throw new Problem("InvalidRequest", `ExpiresAt must be later than the service's time, ${time}.`);
}

function requireSize(text: string, limit: number): void {
  const size = Buffer.byteLength(text);
  if (size > limit) {
    throw new Problem(
      "PayloadTooLarge",
      `Text is ${size} bytes of UTF-8; the maximum is ${limit}.`,
    );
  }
}

import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { createCredentials, createLoader } from "./credentials.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

const MINUTE = 60_000;

/** Credentials whose loads are answered by hand. */
function start() {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  const loads: PromiseWithResolvers<{ accessKeyId: string; secretAccessKey: string }>[] = [];
  const errors: unknown[] = [];
  const credentials = createCredentials({
    onError: (error) => errors.push(error),
    load() {
      const loading = Promise.withResolvers<{ accessKeyId: string; secretAccessKey: string }>();
      loads.push(loading);
      return loading.promise;
    },
  });
  return {
    loads,
    errors,
    id: async () => (await credentials()).accessKeyId,
    /** Ends the last load. @param minutes until the credentials expire */
    async loaded(accessKeyId: string, minutes: number) {
      const expiration = new Date(Date.now() + minutes * MINUTE);
      loads.at(-1)?.resolve(Object.assign({ accessKeyId, secretAccessKey: "s" }, { expiration }));
      await flush();
    },
    async failed() {
      loads.at(-1)?.reject(new Error("no response"));
      await flush();
    },
  };
}

const flush = () => new Promise((resolve) => setImmediate(resolve));

test("loads credentials once for concurrent requests, and again before they expire, without a wait", async () => {
  const { id, loads, loaded } = start();
  const first = [id(), id(), id()];
  await loaded("first", 60);
  expect(await Promise.all(first)).toEqual(["first", "first", "first"]);
  vi.advanceTimersByTime(54 * MINUTE);
  expect(await id()).toBe("first");
  expect(loads).toHaveLength(1);
  vi.advanceTimersByTime(2 * MINUTE);
  expect(await Promise.all([id(), id()])).toEqual(["first", "first"]);
  expect(loads).toHaveLength(2);
  await loaded("second", 60);
  expect(await id()).toBe("second");
  expect(loads).toHaveLength(2);
});

test("keeps valid credentials while they cannot be refreshed, and tries again once a second", async () => {
  const { id, loads, loaded, failed, errors } = start();
  const first = id();
  await loaded("first", 4);
  expect(await first).toBe("first");
  vi.advanceTimersByTime(1_000);
  expect(await id()).toBe("first");
  await failed();
  expect(errors).toHaveLength(1);
  expect(await id()).toBe("first");
  expect(loads).toHaveLength(2);
  vi.advanceTimersByTime(1_000);
  expect(await id()).toBe("first");
  expect(loads).toHaveLength(3);
});

test("waits for others once the credentials have expired, and recovers from failures", async () => {
  const { id, loaded, failed } = start();
  const without = expect(id()).rejects.toThrow("no response");
  await failed();
  await without;
  const first = id();
  await loaded("first", 4);
  expect(await first).toBe("first");
  vi.advanceTimersByTime(5 * MINUTE);
  const refused = id();
  await failed();
  // AWS rejects them, or accepts them because this clock is ahead.
  expect(await refused).toBe("first");
  vi.advanceTimersByTime(1_000);
  const second = id();
  await loaded("second", 60);
  expect(await second).toBe("second");
});

test("does not ask the agent at each request when its credentials look expired because the clock is ahead", async () => {
  const { id, loads, loaded } = start();
  const first = id();
  await loaded("first", -60);
  expect(await first).toBe("first");
  expect(await Promise.all([id(), id()])).toEqual(["first", "first"]);
  expect(loads).toHaveLength(1);
});

test("gives up an ECS agent that does not respond, closes the connections, and loads from one that does", async () => {
  const silent = new Set<ServerResponse>();
  let isSilent = true;
  const agent = createServer((request, response) => {
    if (isSilent) {
      silent.add(response);
      response.once("close", () => silent.delete(response));
    } else {
      const Expiration = "2030-01-01T00:00:00Z";
      const body = { AccessKeyId: "AKID", SecretAccessKey: "s", Token: "t", Expiration };
      const isAuthorized = request.headers.authorization === "token" && request.url === "/role";
      response.writeHead(isAuthorized ? 200 : 401).end(JSON.stringify(body));
    }
  });
  await new Promise<void>((resolve) => agent.listen(0, "127.0.0.1", resolve));
  vi.stubEnv("AWS_ACCESS_KEY_ID", "");
  vi.stubEnv(
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    `http://127.0.0.1:${(agent.address() as AddressInfo).port}/role`,
  );
  vi.stubEnv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token");
  const errors: unknown[] = [];
  const credentials = createCredentials({
    onError: (error) => errors.push(error),
    load: createLoader(50),
  });
  await expect(credentials()).rejects.toThrow("TimeoutError");
  expect(errors).toHaveLength(1);
  await vi.waitFor(() => expect(silent.size).toBe(0), 30_000);
  isSilent = false;
  // A timeout of 50 milliseconds may be too short on a busy machine.
  const identity = await vi.waitFor(() => credentials(), 30_000);
  expect(identity).toMatchObject({ accessKeyId: "AKID", sessionToken: "t" });
  agent.closeAllConnections();
  await new Promise((resolve) => agent.close(resolve));
});

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { S3Client } from "@aws-sdk/client-s3";
import { afterEach, expect, test, vi } from "vitest";
import { clientOptions } from "./client-options.ts";
import { readObject } from "./s3.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("connects to AWS through the proxy of the environment", async () => {
  const requested: (string | undefined)[] = [];
  const proxy = createServer().on("connect", ({ url }, socket) => {
    requested.push(url);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  for (const name of ["https_proxy", "NO_PROXY", "no_proxy"]) vi.stubEnv(name, undefined);
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const region = "ap-southeast-2";
  const s3 = new S3Client({ ...clientOptions(), region, credentials, maxAttempts: 1 });
  try {
    await expect(readObject(s3, { Bucket: "plans", Key: "x" })).rejects.toThrow();
    expect(requested).toEqual(["plans.s3.ap-southeast-2.amazonaws.com:443"]);
  } finally {
    s3.destroy();
    proxy.close();
  }
});

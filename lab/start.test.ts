import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root, type SpawnedLab, send, spawnLab, until } from "./testing/spawn-lab.ts";

// What a caller sends is somebody's secret: none of these may be found where the lab writes.
const secret = { Name: "Stephen-the-canary-of-names", Text: "I love canary pizza" };
const wrong = { Name: secret.Name, Key: "some-random-false-canary-key" };

let folder: string;
let data: string;
let lab: SpawnedLab;
let key: string;

const start = () => spawnLab(data, [], { command: [process.execPath, "lab/start.ts"] });
const json = async (...request: Parameters<typeof send>) => {
  const { status, body } = await send(...request);
  return { status, body: JSON.parse(body) as Record<string, unknown> };
};
const decrypt = (body: object) => json("GET", `${lab.service}/decrypt`, body);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-lab-"));
  data = join(folder, "data");
  lab = await start();
}, 120_000);

afterAll(async () => {
  await lab?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe("the walkthrough", () => {
  it("encrypts and decrypts, the latter by a GET with a body", async () => {
    const { status, body } = await json("POST", `${lab.service}/encrypt`, secret);
    expect(status).toBe(200);
    expect(body).toMatchObject({ Message: expect.any(String), Key: expect.any(String) });
    key = String(body.Key);
    expect(await decrypt({ Name: secret.Name, Key: key })).toEqual({
      status: 200,
      body: { Text: secret.Text },
    });
  });

  it("ends three wrong keys in ALARM and one mail, and returns to OK by itself", async () => {
    for (let time = 0; time < 3; time += 1) {
      expect(await decrypt(wrong)).toMatchObject({
        status: 403,
        body: { Message: "Data decryption failed, make sure you have the correct key" },
      });
    }
    const alarmed = await until("the mail", async () => {
      const state = await lab.state();
      return state.inbox.length > 0 ? state : undefined;
    });
    const name = "cipherwatch-dev-kms-errors";
    expect(alarmed.alarms).toContainEqual(expect.objectContaining({ name, state: "ALARM" }));
    const { to, subject, body } = alarmed.inbox[0] ?? expect.unreachable();
    expect(to).toBe("security@example.com");
    expect(subject).toContain(`ALARM: "${name}"`);
    expect(body).toMatch(/GreaterThanOrEqualToThreshold 1\.0/);
    expect(body).toMatch(/Threshold Crossed: .* greater than or equal to the threshold \(1\.0\)/);
    expect(body).toMatch(/Somebody may be guessing Keys/);
    expect(body).toMatch(/InvalidCiphertextException: wrong Keys\. Find the callers/);

    const calm = await until("OK", async () => {
      const state = await lab.state();
      return state.alarms.some((alarm) => alarm.name === name && alarm.state === "OK")
        ? state
        : undefined;
    });
    expect(calm.inbox).toHaveLength(1);
  });
});

it("says what it does not model", async () => {
  const { notModelled } = await lab.state();
  expect(notModelled.join(" ")).toMatch(/anomaly detection/);
});

it("opens a record that was answered with 200 before a kill -9, and leaves no service behind", async () => {
  const { body } = await json("POST", `${lab.service}/encrypt`, secret);
  const { service } = lab;
  await lab.kill("SIGKILL");
  await until("the service's end", async () =>
    send("GET", service).then(
      () => undefined,
      () => true,
    ),
  );
  lab = await start();
  expect(await decrypt({ Name: secret.Name, Key: body.Key })).toMatchObject({
    body: { Text: secret.Text },
  });
  expect(await decrypt({ Name: secret.Name, Key: key })).toMatchObject({
    body: { Text: secret.Text },
  });
  expect((await lab.state()).inbox).toHaveLength(1);
}, 120_000);

describe("refuses, saying what to do", () => {
  const run = (...args: string[]) =>
    new Promise<{ code: number | null; output: string }>((resolve) => {
      const child = spawn(process.execPath, ["lab/start.ts", ...args], { cwd: root });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (text) => {
          output += text;
        });
      }
      child.once("close", (code) => resolve({ code, output }));
    });

  it.each(["--port", "--aws-port", "--console-port"])("a busy port of %s", async (option) => {
    const busy = createServer();
    await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve));
    const address = busy.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    const others = ["--port", "--aws-port", "--console-port"]
      .filter((other) => other !== option)
      .flatMap((other) => [other, "0"]);
    const { code, output } = await run(option, port, ...others, "--data", join(folder, "busy"));
    busy.close();
    expect(code).toBe(1);
    expect(output.trim()).toBe(
      `Port ${port} is in use. Choose another with ${option} N, or ${option} 0 for a free one.`,
    );
  });

  it("a second lab on the same folder", async () => {
    const portOf = (url: string) => new URL(url).port;
    const taken = ["--port", portOf(lab.service), "--aws-port", portOf(lab.aws)];
    const { code, output } = await run(...taken, "--console-port", "0", "--data", data);
    expect(code).toBe(1);
    expect(output).toContain(`A lab is already running on ${data}: process ${lab.pid}`);
    expect(output).toContain("--data DIR");
  });
});

it("stops at Ctrl-C with nothing left behind: no process, no port, no endpoints file", async () => {
  expect(await lab.kill("SIGINT")).toBe(0);
  for (const url of [lab.service, lab.aws, lab.console]) {
    await expect(send("GET", url)).rejects.toThrow(/ECONNREFUSED/);
  }
  expect(readdirSync(data).sort()).toEqual(["lock", "state"]);
});

it("ends with npm, which tells it nothing when it is told to end itself", async () => {
  const underNpm = await spawnLab(join(folder, "npm"));
  expect(underNpm.started).not.toBe(underNpm.pid);
  process.kill(underNpm.started, "SIGTERM");
  await until("its end", async () =>
    send("GET", underNpm.service).then(
      () => undefined,
      () => true,
    ),
  );
  await until("nothing left behind", async () =>
    readdirSync(join(folder, "npm")).includes("endpoints.json") ? undefined : true,
  );
}, 120_000);

it("wrote no Name, no Text and no Key into any log, journal or terminal of the whole run", async () => {
  const state = join(data, "state");
  const written = readdirSync(state, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => [name, readFileSync(join(state, name), "utf8")] as const);
  expect(written.map(([name]) => name)).toEqual(
    expect.arrayContaining(["service.log", "trail.jsonl", "logs.jsonl", "inbox.jsonl"]),
  );
  const trail = written.find(([name]) => name === "trail.jsonl")?.[1] ?? "";
  expect(trail).toContain('"eventName":"Decrypt"');
  const secrets = [secret.Name, secret.Text, wrong.Key, key, key.slice("cwk_".length + 22)];
  for (const [name, text] of [...written, ["the terminal", lab.output()] as const]) {
    for (const value of secrets) {
      for (const form of [value, Buffer.from(value).toString("base64").replace(/=+$/, "")]) {
        expect(text.includes(form), `${form} in ${name}`).toBe(false);
      }
    }
  }
});

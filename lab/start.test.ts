import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../common/run.ts";
import { kmsErrors } from "../detections/kms-errors.ts";
import { root, type SpawnedLab, send, spawnLab, waitFor } from "./testing/spawn-lab.ts";

// Data of callers, which the lab must not write to any log, journal or terminal.
const record = { Name: "Stephen-the-canary-of-names", Text: "I love canary pizza" };
const wrongKey = { Name: record.Name, Key: "some-random-false-canary-key" };

/** Options with which the email arrives within a second. */
const FAST = ["--speed", "120", "--trail-delay", "10"];

let folder: string;
let data: string;
let lab: SpawnedLab;
let key: string;
const outputs: (() => string)[] = [];

async function start(): Promise<SpawnedLab> {
  const started = await spawnLab(data, FAST, { command: [process.execPath, "lab/start.ts"] });
  outputs.push(started.output);
  return started;
}

const sendJson = async (...request: Parameters<typeof send>) => {
  const { status, body } = await send(...request);
  return { status, body: JSON.parse(body) as Record<string, unknown> };
};
const decrypt = (body: object) => sendJson("GET", `${lab.service}/decrypt`, body);

const waitUntilDown = (url: string) =>
  waitFor(`${url} to stop responding`, () =>
    send("GET", url).then(
      () => undefined,
      () => true,
    ),
  );

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-lab-"));
  data = join(folder, "data");
  lab = await start();
});

afterAll(async () => {
  await lab?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe("the README's walkthrough", () => {
  it("encrypts, and decrypts by a GET with a body", async () => {
    const { status, body } = await sendJson("POST", `${lab.service}/encrypt`, record);
    expect(status).toBe(200);
    expect(body).toMatchObject({ Message: expect.any(String), Key: expect.any(String) });
    key = String(body.Key);
    expect(await decrypt({ Name: record.Name, Key: key })).toEqual({
      status: 200,
      body: { Text: record.Text },
    });
  });

  it("sends one email about three wrong Keys, and the alarm returns to OK", async () => {
    for (const response of await Promise.all([1, 2, 3].map(() => decrypt(wrongKey)))) {
      expect(response).toMatchObject({
        status: 403,
        body: { Message: "Data decryption failed, make sure you have the correct key" },
      });
    }
    const alarmed = await waitFor("the email", async () => {
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
    expect(body).toContain(kmsErrors.why);
    for (const step of kmsErrors.runbook) expect(body).toContain(step);

    const calm = await waitFor("OK", async () => {
      const state = await lab.state();
      return state.alarms.some((alarm) => alarm.name === name && alarm.state === "OK")
        ? state
        : undefined;
    });
    expect(calm.inbox).toHaveLength(1);
  });
});

it("lists what it does not model", async () => {
  const { notModelled } = await lab.state();
  expect(notModelled.join(" ")).toMatch(/anomaly detection/);
});

it("keeps every acknowledged record after kill -9, which also ends the service", async () => {
  const { body } = await sendJson("POST", `${lab.service}/encrypt`, record);
  const { service } = lab;
  await lab.kill("SIGKILL");
  await waitUntilDown(service);
  lab = await start();
  for (const Key of [body.Key, key]) {
    expect(await decrypt({ Name: record.Name, Key })).toMatchObject({
      body: { Text: record.Text },
    });
  }
  expect((await lab.state()).inbox).toHaveLength(1);
});

describe("refuses to start, with the next step in the message,", () => {
  const startLab = (...args: string[]) =>
    run([process.execPath, "lab/start.ts", ...args], { cwd: root, accept: "any" });

  it.each(["--port", "--aws-port", "--console-port"])("on a busy port of %s", async (option) => {
    const busy = createServer().listen(0, "127.0.0.1");
    await once(busy, "listening");
    const port = String((busy.address() as AddressInfo).port);
    const others = ["--port", "--aws-port", "--console-port"]
      .filter((other) => other !== option)
      .flatMap((other) => [other, "0"]);
    const { code, output } = await startLab(
      option,
      port,
      ...others,
      "--data",
      join(folder, "busy"),
    );
    busy.close();
    expect(code).toBe(1);
    expect(output.trim()).toBe(
      `Port ${port} is in use. Choose another with ${option} N, or use ${option} 0 for any free port.`,
    );
  });

  it("on the data folder of a running lab", async () => {
    const portOf = (url: string) => new URL(url).port;
    const taken = ["--port", portOf(lab.service), "--aws-port", portOf(lab.aws)];
    const { code, output } = await startLab(...taken, "--console-port", "0", "--data", data);
    expect(code).toBe(1);
    expect(output).toContain(`A lab is already running on ${data} (process ${lab.pid}`);
    expect(output).toContain("--data DIR");
  });
});

it("runs at its own speed again after Ctrl-C ends an attack that slows it down", async () => {
  const { speed } = (await lab.state()).clock;
  const args = ["lab/attack.ts", "kms-volume", "--data", data];
  const attack = spawn(process.execPath, args, { cwd: root, stdio: "ignore" });
  const exited = once(attack, "exit");
  await waitFor("the attack to slow the lab down", async () =>
    (await lab.state()).clock.speed < speed ? true : undefined,
  );
  attack.kill("SIGINT");
  expect(await exited).toEqual([130, null]);
  expect((await lab.state()).clock.speed).toBe(speed);
});

it("stops on Ctrl-C and leaves no process, port or endpoints file behind", async () => {
  expect(await lab.kill("SIGINT")).toBe(0);
  for (const url of [lab.service, lab.aws, lab.console]) {
    await expect(send("GET", url)).rejects.toThrow(/ECONNREFUSED/);
  }
  expect(readdirSync(data).sort()).toEqual(["lock", "state"]);
});

it("stops when npm gets SIGTERM, which npm does not forward", async () => {
  const underNpm = await spawnLab(data);
  outputs.push(underNpm.output);
  expect(underNpm.spawnedPid).not.toBe(underNpm.pid);
  process.kill(underNpm.spawnedPid, "SIGTERM");
  await waitUntilDown(underNpm.service);
  await waitFor("the endpoints file to be removed", async () =>
    readdirSync(data).includes("endpoints.json") ? undefined : true,
  );
});

it("writes no Name, Text or Key to any log, journal or terminal", async () => {
  const state = join(data, "state");
  const files = readdirSync(state, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => [name, readFileSync(join(state, name), "utf8")] as const);
  expect(files.map(([name]) => name)).toEqual(
    expect.arrayContaining(["service.log", "trail.jsonl", "logs.jsonl", "inbox.jsonl"]),
  );
  const trail = files.find(([name]) => name === "trail.jsonl")?.[1] ?? "";
  expect(trail).toContain('"eventName":"Decrypt"');
  const secrets = [record.Name, record.Text, wrongKey.Key, key, key.slice("cwk_".length + 22)];
  const terminal = outputs.map((output) => output()).join("\n");
  for (const [name, content] of [...files, ["the terminal", terminal] as const]) {
    for (const secret of secrets) {
      for (const form of [secret, Buffer.from(secret).toString("base64").replace(/=+$/, "")]) {
        expect(content.includes(form), `${form} in ${name}`).toBe(false);
      }
    }
  }
});

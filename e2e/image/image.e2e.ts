import { randomUUID } from "node:crypto";
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DescribeKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { keyAlias, serviceRoleName } from "../../common/naming.ts";
import { run } from "../../common/run.ts";
import { type SpawnedLab, send, spawnLab, waitFor } from "../../lab/testing/spawn-lab.ts";
import { type Archive, readImage } from "./archive.ts";
import { findBaseImage } from "./base-image.ts";
import { type Container, type ContainerProps, startContainer } from "./container.ts";
import { type Builder, type Engine, findEngine } from "./engine.ts";
import { type Gate, startGate } from "./gate.ts";
import { type Postgres, startPostgres } from "./postgres.ts";
import { synthesizedTask } from "./task.ts";
import { startTaskCredentials, type TaskCredentials } from "./task-credentials.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const IMAGE = "localhost/cipherwatch-e2e";
const ACCOUNT = "111122223333";
const REGION = "ap-southeast-2";
const PATIENCE = 120_000;

/** Megabytes of the layers, the lowest first and uncompressed; what goes beyond was let in unnoticed. */
const LIMITS = { runtime: 150, dependencies: 30, sources: 1 };

/** Stands in for every secret that lies about where an image is built. */
const CANARY = `canary-${randomUUID()}`;

const LABELS = {
  CREATED: "2026-11-20T00:00:00Z",
  REVISION: "0123456789abcdef0123456789abcdef01234567",
  SOURCE: "https://example.com/cipherwatch",
  VERSION: "1.2.3",
};

const task = synthesizedTask();
let folder: string;
let engine: Engine;
let base: string;
let context: string;
let archive: Archive;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-image-"));
  engine = await findEngine();
  const { reference, origin } = await findBaseImage(engine, join(root, "service/Dockerfile"));
  base = reference;
  console.log(`Engine: ${engine.name}\nBase image: ${origin}`);
  context = untidyContext(join(folder, "context"));
  const begun = performance.now();
  await build(engine.builders[0], IMAGE);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`Built by ${engine.builders[0].name} in ${seconds} s`);
  archive = await readImage(engine, IMAGE, join(folder, "archive"));
}, 20 * 60_000);

afterAll(async () => {
  const made = [IMAGE, `${IMAGE}-again`, base].filter((image) => image?.startsWith(IMAGE));
  await engine?.run(["rmi", "--force", ...made]).catch(() => {});
  await engine?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** What the image is built from, with what a developer's folder has besides. */
function untidyContext(path: string): string {
  for (const name of [".dockerignore", "package.json", "package-lock.json", "service"]) {
    cpSync(join(root, name), join(path, name), { recursive: true });
  }
  for (const name of [
    ".env",
    ".npmrc",
    ".git/config",
    ".aws/credentials",
    "terraform.tfstate",
    "cdktf.out/stacks/database/terraform.tfstate",
    "node_modules/planted/index.js",
    "service/.env",
    "service/key.pem",
    "service/planted.test.ts",
    "service/testing/planted.ts",
    "service/migrations/.env",
  ]) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), `secret=${CANARY}\n`);
  }
  return path;
}

async function build({ build: command }: Builder, tag: string, ...more: string[]) {
  const values = { ...LABELS, NODE_IMAGE: base };
  await run(
    [
      ...command,
      ...["--file", join(context, "service/Dockerfile"), "--tag", tag, ...more],
      ...Object.entries(values).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
      context,
    ],
    { env: { ...engine.env, NPM_TOKEN: CANARY } },
  );
}

describe("the image", () => {
  const entries = () => archive.layers.flatMap((layer) => layer.entries);
  const paths = () => entries().map(({ path }) => path);

  it("is configured to run the service as a user of no rights, without a shell", () => {
    const { config } = archive.config;
    expect(config).toMatchObject({
      User: "65532:65532",
      WorkingDir: "/app",
      Cmd: ["node", "service/server.ts"],
      ExposedPorts: { "8080/tcp": {} },
      Healthcheck: {
        Test: ["CMD", "node", "-e", expect.stringContaining("/healthz")],
        Interval: 30e9,
        Timeout: 5e9,
        StartPeriod: 30e9,
        Retries: 3,
      },
      Labels: {
        "org.opencontainers.image.created": LABELS.CREATED,
        "org.opencontainers.image.revision": LABELS.REVISION,
        "org.opencontainers.image.source": LABELS.SOURCE,
        "org.opencontainers.image.version": LABELS.VERSION,
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.title": "Cipherwatch",
      },
    });
    expect(config.Env.toSorted()).toEqual(["NODE_ENV=production", "PATH=/usr/local/bin"]);
    expect(config.Entrypoint ?? []).toEqual([]);
    expect(config.Volumes ?? {}).toEqual({});
    expect(task.container("api").user).toBe(config.User);
  });

  it("holds the sources that run and nothing else of the repository", () => {
    const held = entries()
      .filter(({ path, mode }) => /^app\/(?!node_modules\/)/.test(path) && mode.startsWith("-"))
      .map(({ path }) => path);
    const sources = ["service/*.ts", "service/migrations/*.sql"]
      .flatMap((pattern) => globSync(pattern, { cwd: root }))
      .filter((path) => !path.endsWith(".test.ts"));
    expect(sources).toContain("service/server.ts");
    expect(held.toSorted()).toEqual(
      ["package.json", ...sources].map((path) => `app/${path}`).toSorted(),
    );
  });

  it("holds the production dependencies, all of them and nothing else", () => {
    const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
      packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
    };
    const production = Object.entries(packages)
      .filter(([path, { dev, devOptional }]) => path !== "" && !dev && !devOptional)
      .map(([path]) => path);
    const installed = paths().flatMap((path) => {
      const [, found] =
        /^app\/((?:node_modules\/(?:@[^/]+\/)?[^/]+\/?)+)\/package\.json$/.exec(path) ?? [];
      return found === undefined ? [] : [found];
    });
    expect(installed.toSorted()).toEqual(production.toSorted());
  });

  it("holds of the base image Node, its libraries and their records alone: no shell, no npm", () => {
    const others = entries()
      .filter(({ path, mode }) => !path.startsWith("app") && !mode.startsWith("d"))
      .map(({ path }) => path)
      .filter((path) => !/^lib(64)?\/([\w-]+\/)?(lib|ld-)[\w+-]+\.so\.\d+$/.test(path));
    expect(others.toSorted()).toEqual([
      "etc/group",
      "etc/nsswitch.conf",
      "etc/os-release",
      "etc/passwd",
      "usr/local/bin/node",
      "var/lib/dpkg/status",
    ]);
  });

  it("belongs to root, is written by nobody else, and gives nobody another's rights", () => {
    const wrong = entries().filter(
      ({ mode, owner }) =>
        owner !== "0/0" || !/^(-r[w-][x-]r-[x-]r-[x-]|dr[w-]xr-xr-x|lrwxrwxrwx)/.test(mode),
    );
    expect(wrong).toEqual([]);
  });

  it("holds none of the secrets about where it was built, nor does its history", () => {
    const file = readFileSync(join(context, "service/.env"), "utf8");
    expect(file).toContain(CANARY);
    expect(archive.json).not.toContain(CANARY);
    expect(archive.layers.some(({ bytes }) => bytes.includes(CANARY))).toBe(false);
  });

  it("is small", () => {
    const megabytes = archive.layers.map(({ bytes }) => bytes.length / 1e6);
    const names = Object.keys(LIMITS);
    const sizes = names.map((name, index) => `${name} ${megabytes[index]?.toFixed(1)}`).join(", ");
    const total = megabytes.reduce((sum, size) => sum + size, 0);
    console.log(`Size: ${total.toFixed(1)} MB (${sizes})`);
    Object.values(LIMITS).forEach((limit, index) => {
      expect(megabytes[index], names[index]).toBeLessThan(limit);
    });
    // Some builders make a layer of a WORKDIR that is there already.
    for (const size of megabytes.slice(names.length)) expect(size).toBeLessThan(0.01);
  });

  it("comes out the same, layer by layer, of another build and of every builder here", async () => {
    const layersOf = async (image: string) =>
      JSON.parse(
        await engine.run(["image", "inspect", "--format", "{{json .RootFS.Layers}}", image]),
      );
    const [first, ...others] = engine.builders;
    for (const builder of others.length > 0 ? others : [first]) {
      await build(builder, `${IMAGE}-again`, "--no-cache");
      expect(await layersOf(`${IMAGE}-again`), builder.name).toEqual(await layersOf(IMAGE));
    }
  });
});

describe("a container of it", () => {
  const containers: Container[] = [];
  afterEach(async () => {
    for (const container of containers.splice(0)) await container.remove();
  });

  function start(name: string, more: Partial<ContainerProps>): Container {
    const definition = task.container(name);
    const container = startContainer(engine, {
      image: IMAGE,
      task,
      definition,
      network: "none",
      ...more,
    });
    containers.push(container);
    return container;
  }

  /** Neither of these is reached: there is no network. */
  const UNREACHED = {
    DATABASE_HOST: undefined,
    DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
    KMS_KEY_ARN: `arn:aws:kms:${REGION}:${ACCOUNT}:key/none`,
  };

  /** What a script in it gives to `answer`. */
  async function ask(script: string): Promise<unknown> {
    const answer = "const answer = (value) => console.log(JSON.stringify({ value }));";
    const command = ["node", "-e", `${answer} ${script}`];
    const container = start("api", { command, environment: UNREACHED });
    expect(await container.exited, container.output()).toBe(0);
    return container.lines()[0]?.value;
  }

  it("is of the user and in the groups that the task names, without capabilities or new privileges", async () => {
    const status = await ask('answer(fs.readFileSync("/proc/self/status", "utf8"));');
    const field = (name: string) =>
      new RegExp(`^${name}:\\s*(.*?)\\s*$`, "m").exec(String(status))?.[1]?.split(/\s+/);
    expect(field("Uid")).toEqual(["65532", "65532", "65532", "65532"]);
    expect(field("Gid")).toEqual(["65532", "65532", "65532", "65532"]);
    expect((field("Groups") ?? []).filter((group) => !["", "65532"].includes(group))).toEqual([]);
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
      expect(field(set), set).toEqual(["0000000000000000"]);
    }
    expect(field("NoNewPrivs")).toEqual(["1"]);
  });

  it("can write nowhere", async () => {
    const places = ["/", "/app", "/app/service", "/etc", "/tmp", "/usr/local/bin", "/nonexistent"];
    const outcomes = await ask(`
      const outcomes = {};
      for (const place of ${JSON.stringify(places)}) {
        try { fs.writeFileSync(place + "/written", ""); outcomes[place] = "written"; }
        catch (error) { outcomes[place] = error.code; }
      }
      answer(outcomes);`);
    expect(outcomes).toEqual({
      "/": "EROFS",
      "/app": "EROFS",
      "/app/service": "EROFS",
      "/etc": "EROFS",
      "/tmp": "ENOENT",
      "/usr/local/bin": "EROFS",
      "/nonexistent": "ENOENT",
    });
  });

  it("has no shell to run anything by", async () => {
    expect(await ask('answer(child_process.spawnSync("id", { shell: true }).error?.code);')).toBe(
      "ENOENT",
    );
  });

  it("tells scanners its distribution and the packages of its libraries", async () => {
    const [release, packages] = (await ask(
      'answer(["/etc/os-release", "/var/lib/dpkg/status"].map((file) => fs.readFileSync(file, "utf8")));',
    )) as [string, string];
    expect(release).toMatch(/^ID=debian$/m);
    const installed = packages.matchAll(/^Package: (\S+)$/gm);
    expect([...installed].map(([, name]) => name)).toEqual(
      expect.arrayContaining(["libc6", "libgcc-s1", "libstdc++6"]),
    );
  });

  it("is healthy by the task's check and the image's once it listens, and only then", async () => {
    const { command: taskCheck = [] } = task.container("api").healthCheck ?? {};
    const imageCheck = archive.config.config.Healthcheck?.Test ?? [];
    const checks = [taskCheck, imageCheck].map(([kind, ...command]) => {
      expect(kind).toBe("CMD");
      return command;
    });
    const idle = start("api", {
      command: ["node", "-e", 'console.log("{}"); setInterval(() => {}, 1000)'],
      environment: UNREACHED,
    });
    await waitFor("a container", async () => idle.lines()[0], PATIENCE);
    for (const check of checks) expect(await idle.execute(check)).toBe(1);
    await idle.remove();

    const api = start("api", { environment: UNREACHED });
    expect(await listening(api)).toEqual({ host: "0.0.0.0", port: 8080 });
    for (const check of checks) expect(await api.execute(check)).toBe(0);
  });
});

/** What the service says of where it listens. */
async function listening(api: Container): Promise<{ host: unknown; port: unknown }> {
  const { host, port } = await waitFor(
    "the service to listen",
    async () => {
      const found = api.lines().find(({ msg }) => msg === "listening");
      const ended = await Promise.race([api.exited, undefined]);
      if (found === undefined && ended !== undefined) {
        throw new Error(`It ended with ${ended}:\n${api.output()}`);
      }
      return found;
    },
    PATIENCE,
  );
  return { host, port };
}

describe("a task of it, against PostgreSQL and the lab's AWS", () => {
  let lab: SpawnedLab;
  let database: Postgres;
  let credentials: TaskCredentials;
  let kmsGate: Gate;
  let api: Container;
  let url: string;

  beforeAll(async () => {
    lab = await spawnLab(join(folder, "lab"));
    const keyArn = await dataKeyArn(lab.aws);
    credentials = await startTaskCredentials(
      lab.aws,
      `arn:aws:iam::${ACCOUNT}:role/${serviceRoleName("dev")}`,
    );
    const { hostname, port } = new URL(lab.aws);
    kmsGate = await startGate({ host: hostname, port: Number(port) });
    const migrate = task.container("migrate");
    const user = migrate.environment.find(({ name }) => name === "DATABASE_USER")?.value ?? "";
    database = await startPostgres(user);
    console.log(`Database: ${database.name}`);

    const network = "host";
    for (const outcome of ["schema migrated", "schema is up to date"]) {
      const migration = startContainer(engine, {
        ...{ image: IMAGE, task, definition: migrate, network },
        environment: { DATABASE_HOST: undefined, DATABASE_URL: database.masterUrl },
      });
      expect(await migration.exited, migration.output()).toBe(0);
      expect(migration.lines().map(({ msg }) => msg)).toContain(outcome);
    }

    const environment = {
      DATABASE_HOST: undefined,
      DATABASE_URL: database.serviceUrl,
      ...credentials.environment,
      AWS_ENDPOINT_URL: `http://127.0.0.1:${kmsGate.port}`,
      KMS_KEY_ARN: keyArn,
      HOST: "127.0.0.1",
      PORT: "0",
      // Long enough for a request to be held up on a slow machine.
      KMS_TIMEOUT: "20000",
      REQUEST_TIMEOUT: "20000",
    };
    api = startContainer(engine, {
      ...{ image: IMAGE, task, definition: task.container("api"), network },
      environment,
    });
    url = `http://127.0.0.1:${(await listening(api)).port}`;
  }, 5 * 60_000);

  afterAll(async () => {
    await api?.remove();
    await database?.close();
    await kmsGate?.close();
    await credentials?.close();
    await lab?.kill("SIGINT");
  });

  const Name = `Stephen-${randomUUID()}`;
  const Text = `I love Pizza ${randomUUID()}`;
  let Key: string;

  it("is ready", async () => {
    const { status, body } = await send("GET", `${url}/readyz`);
    expect({ status, body }).toMatchObject({ status: 200 });
  });

  it("encrypts, decrypts by a GET with a body, and refuses a wrong key, which becomes a mail", async () => {
    const encrypted = await send("POST", `${url}/encrypt`, { Name, Text });
    expect(encrypted.status, encrypted.body).toBe(200);
    ({ Key } = JSON.parse(encrypted.body));
    const decrypted = await send("GET", `${url}/decrypt`, { Name, Key });
    expect({ ...decrypted, body: JSON.parse(decrypted.body) }).toEqual({
      status: 200,
      body: { Text },
    });
    const alarms = async () =>
      (await lab.state()).inbox.filter(({ subject }) => /ALARM.*kms-errors/.test(subject));
    expect(await alarms()).toEqual([]);
    for (let time = 0; time < 3; time += 1) {
      const refused = await send("GET", `${url}/decrypt`, { Name, Key: "some-random-false-key" });
      expect(refused.status).toBe(403);
      expect(JSON.parse(refused.body)).toMatchObject({
        Message: "Data decryption failed, make sure you have the correct key",
      });
    }
    await waitFor("a mail", async () => (await alarms())[0], PATIENCE);
    expect(credentials.given()).toBeGreaterThan(0);
  });

  it("finishes the request that it has when it is told to stop, takes no more, and ends with 0", async () => {
    const { stopTimeout = 0 } = task.container("api");
    kmsGate.shut();
    const inFlight = send("POST", `${url}/decrypt`, { Name, Key });
    await waitFor("a call to KMS", async () => kmsGate.waiting() || undefined, PATIENCE);

    const begun = performance.now();
    const stopped = api.stop();
    const line = await waitFor(
      "the stop",
      async () => api.lines().find(({ msg }) => msg === "stopping"),
      PATIENCE,
    );
    expect(line).toMatchObject({ signal: "SIGTERM", answering: 1 });
    await expect(send("GET", `${url}/healthz`)).rejects.toThrow(/ECONNREFUSED/);
    kmsGate.open();

    const { status, body } = await inFlight;
    expect({ status, body: JSON.parse(body) }).toEqual({ status: 200, body: { Text } });
    expect(await api.exited).toBe(0);
    expect(performance.now() - begun).toBeLessThan(stopTimeout * 1000);
    await stopped;
    expect(api.lines().at(-1)).toMatchObject({ msg: "stopped" });
  });

  it("has logged its requests and nobody's secrets", () => {
    const output = api.output();
    expect(api.lines().filter(({ route }) => route === "/decrypt").length).toBeGreaterThan(4);
    for (const secret of [Name, Text, Key, ...credentials.secrets, ...database.secrets]) {
      expect(output).not.toContain(secret);
    }
  });
});

async function dataKeyArn(endpoint: string): Promise<string> {
  const kms = new KMSClient({
    endpoint,
    region: REGION,
    credentials: { accessKeyId: "image", secretAccessKey: "image" },
  });
  try {
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: keyAlias("dev") }));
    return KeyMetadata?.Arn ?? "";
  } finally {
    kms.destroy();
  }
}

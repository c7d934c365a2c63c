import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type BuiltImage, CANARY, IMAGE, LABELS, root, task } from "./built-image.ts";

/** Maximum megabytes of each layer, uncompressed, lowest first. Detects files that were added unnoticed. */
const LIMITS = { runtime: 150, dependencies: 30, sources: 1 };

/** What the image contains and how it is configured. */
export function testContents(image: () => BuiltImage): void {
  const entries = () => image().archive.layers.flatMap((layer) => layer.entries);
  const paths = () => entries().map(({ path }) => path);

  it("runs the service as an unprivileged user without a shell", () => {
    const { config } = image().archive.config;
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
    expect(config.Env.toSorted()).toEqual([
      "NODE_ENV=production",
      "NODE_OPTIONS=--disable-sigusr1 --max-semi-space-size=16",
      "PATH=/usr/local/bin",
      `REVISION=${LABELS.REVISION}`,
    ]);
    expect(config.Entrypoint ?? []).toEqual([]);
    expect(config.Volumes ?? {}).toEqual({});
    expect(task.container("api").user).toBe(config.User);
  });

  it("contains only the sources that run", () => {
    const files = entries()
      .filter(({ path, mode }) => /^app\/(?!node_modules\/)/.test(path) && mode.startsWith("-"))
      .map(({ path }) => path);
    const sources = ["service/*.ts", "service/migrations/*.sql"]
      .flatMap((pattern) => globSync(pattern, { cwd: root }))
      .filter((path) => !path.endsWith(".test.ts"));
    expect(sources).toContain("service/server.ts");
    expect(files.toSorted()).toEqual(
      ["package.json", ...sources].map((path) => `app/${path}`).toSorted(),
    );
  });

  it("contains exactly the production dependencies", () => {
    const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
      packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
    };
    const production = Object.entries(packages)
      .filter(([path, { dev, devOptional }]) => path !== "" && !dev && !devOptional)
      .map(([path]) => path);
    const installed = paths().flatMap((path) => {
      const [, name] =
        /^app\/((?:node_modules\/(?:@[^/]+\/)?[^/]+\/?)+)\/package\.json$/.exec(path) ?? [];
      return name === undefined ? [] : [name];
    });
    expect(installed.toSorted()).toEqual(production.toSorted());
  });

  it("keeps only Node, its libraries and their package records from the base image: no shell, no npm", () => {
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

  it("has only files that root owns and no one else can write, and none with setuid or setgid", () => {
    const wrong = entries().filter(
      ({ mode, owner }) =>
        owner !== "0/0" || !/^(-r[w-][x-]r-[x-]r-[x-]|dr[w-]xr-xr-x|lrwxrwxrwx)/.test(mode),
    );
    expect(wrong).toEqual([]);
  });

  it("contains no secret of the build folder, not even in its history", () => {
    const file = readFileSync(join(image().context, "service/.env"), "utf8");
    expect(file).toContain(CANARY);
    expect(image().archive.json).not.toContain(CANARY);
    expect(image().archive.layers.some(({ bytes }) => bytes.includes(CANARY))).toBe(false);
  });

  it("stays small", () => {
    const megabytes = image().archive.layers.map(({ bytes }) => bytes.length / 1e6);
    const names = Object.keys(LIMITS);
    const sizes = names.map((name, index) => `${name} ${megabytes[index]?.toFixed(1)}`).join(", ");
    const total = megabytes.reduce((sum, size) => sum + size, 0);
    console.log(`Size: ${total.toFixed(1)} MB (${sizes})`);
    Object.values(LIMITS).forEach((limit, index) => {
      expect(megabytes[index], names[index]).toBeLessThan(limit);
    });
    // Some builders create a layer for a WORKDIR that already exists.
    for (const size of megabytes.slice(names.length)) expect(size).toBeLessThan(0.01);
  });

  it("is reproducible layer by layer, by every available builder", async () => {
    const layersOf = async (tag: string) =>
      JSON.parse(
        await image().engine.run(["image", "inspect", "--format", "{{json .RootFS.Layers}}", tag]),
      );
    const [first, ...others] = image().engine.builders;
    for (const builder of others.length > 0 ? others : [first]) {
      await image().build(builder, `${IMAGE}-again`, "--no-cache");
      expect(await layersOf(`${IMAGE}-again`), builder.name).toEqual(await layersOf(IMAGE));
    }
  });
}

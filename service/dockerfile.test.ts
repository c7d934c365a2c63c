import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join, normalize } from "node:path";
import { validate } from "dockerfile-utils";
import { describe, expect, it } from "vitest";
import { imageVariables } from "./testing/image-variables.ts";

const root = join(import.meta.dirname, "..");
const dockerfile = readFileSync(join(import.meta.dirname, "Dockerfile"), "utf8");

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The instructions, with continued lines joined and comments removed. */
const instructions: readonly Instruction[] = dockerfile
  .replaceAll(/^\s*#.*\n/gm, "")
  .replaceAll(/\\\n\s*/g, "")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => {
    const [name = "", ...rest] = line.split(" ");
    return { name, text: rest.join(" ").trim() };
  });

/** The instructions of the last stage, which becomes the image. */
const last = instructions.slice(instructions.findLastIndex(({ name }) => name === "FROM"));

const textsOf = (name: string, among = instructions) =>
  among.filter((instruction) => instruction.name === name).map(({ text }) => text);

const variables = imageVariables();

describe("the Dockerfile", () => {
  it("passes the linter", () => {
    expect(validate(dockerfile)).toEqual([]);
    expect(validate("FROM scratch\nCOPPY a b\n")).not.toEqual([]);
  });

  it("pins the base image by digest, overridable by a build argument", () => {
    const [argument, from] = instructions;
    expect([argument?.name, from?.name]).toEqual(["ARG", "FROM"]);
    // Includes the registry, because podman and buildah have no default registry.
    expect(argument?.text).toMatch(/^NODE_IMAGE=[a-z.]+\/\S+:24-\S+@sha256:[0-9a-f]{64}$/);
    expect(textsOf("FROM")).toEqual(["${NODE_IMAGE} AS build", "scratch"]);
  });

  it("uses the base image that Dependabot updates", () => {
    const base = readFileSync(join(import.meta.dirname, "base.Dockerfile"), "utf8");
    const [, proposed] = /^FROM (\S+)$/m.exec(base) ?? [];
    expect(textsOf("ARG")[0], "service/Dockerfile and service/base.Dockerfile").toBe(
      `NODE_IMAGE=${proposed}`,
    );
  });

  it("uses only what docker, podman and buildah all support", () => {
    expect(dockerfile).not.toMatch(/^#\s*(syntax|escape|check)=/m);
    for (const { name, text } of instructions) {
      if (name === "RUN") expect(text).not.toMatch(/^--|<</);
      if (name === "COPY") expect(text).not.toMatch(/--(chmod|link|parents|exclude)|<</);
    }
  });

  it("downloads only npm packages and runs none of their scripts", () => {
    expect(textsOf("ADD")).toEqual([]);
    const runs = textsOf("RUN").join("\n");
    expect(runs.match(/npm \S+/g)).toEqual(["npm ci"]);
    expect(runs).toMatch(/npm ci --omit=dev --ignore-scripts/);
    expect(runs).not.toMatch(/\b(curl|wget|git|npx|apt-get)\b/);
  });

  it("runs without a shell as an unprivileged user", () => {
    expect(textsOf("RUN", last)).toEqual([]);
    expect(textsOf("SHELL", last)).toEqual([]);
    expect(textsOf("ENTRYPOINT", last)).toEqual([]);
    expect(textsOf("CMD", last).map((text) => JSON.parse(text))).toEqual([
      ["node", "service/server.ts"],
    ]);
    const [healthCheck = ""] = textsOf("HEALTHCHECK", last);
    const [, command = ""] = /^(?:--\S+ )*CMD (.*)$/.exec(healthCheck) ?? [];
    expect(JSON.parse(command).slice(0, 2)).toEqual(["node", "-e"]);
    expect(textsOf("USER", last)).toEqual(["65532:65532"]);
  });

  it("lets V8 use semi-spaces of 16 MiB, which it would limit to 1 MiB in the smallest task", () => {
    const program = `
      let kept = [];
      for (let count = 0; count < 2e6; count++) kept[count % 20_000] = { count };
      const spaces = require("node:v8").getHeapSpaceStatistics();
      console.log(spaces.find(({ space_name }) => space_name === "new_space").space_size / 2 ** 20);`;
    const sizeOf = (...flags: string[]) =>
      Number(execFileSync(process.execPath, [...flags, "-e", program], { encoding: "utf8" }));
    // The size of the heap from which V8 derives that of the semi-spaces, as in a task of 512 MiB.
    expect(sizeOf("--max-heap-size=256")).toBeLessThanOrEqual(4);
    expect(
      sizeOf("--max-heap-size=256", ...(variables.NODE_OPTIONS?.split(" ") ?? [])),
    ).toBeGreaterThanOrEqual(16);
  });

  it.runIf(process.platform === "linux")("starts no debugger on SIGUSR1", () => {
    const script = 'console.log(require("node:fs").readFileSync("/proc/self/status", "utf8"))';
    const status = execFileSync(process.execPath, ["-e", script], {
      encoding: "utf8",
      env: variables,
    });
    const [, caught = ""] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status) ?? [];
    const bit = 1n << BigInt(constants.signals.SIGUSR1 - 1);
    expect(BigInt(`0x${caught}`) & bit).toBe(0n);
  });

  it("takes no secret", () => {
    const told = [...textsOf("ARG"), ...textsOf("ENV"), ...textsOf("LABEL")].join("\n");
    expect(told).not.toMatch(/password|secret|token|credential|api_?key/i);
  });
});

describe(".dockerignore", () => {
  const patterns = readFileSync(join(root, ".dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

  /**
   * The last pattern that matches the path or one of its parent folders decides.
   * https://docs.docker.com/build/concepts/context/#dockerignore-files
   */
  function isIncluded(path: string): boolean {
    const steps = path.split("/");
    const pathAndParents = steps.map((_, index) => steps.slice(0, index + 1).join("/"));
    const decisive = patterns.findLast((pattern) =>
      pathAndParents.some((part) => regExpOf(pattern.replace(/^!/, "")).test(part)),
    );
    return decisive === undefined || decisive.startsWith("!");
  }

  /** Go's `filepath.Match`: unlike Node's `matchesGlob`, its star matches a leading dot. */
  function regExpOf(pattern: string): RegExp {
    return new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", "[^/]*")}$`);
  }

  const sourcesOf = (pattern: string) => globSync(pattern, { cwd: root }).sort();

  it("excludes everything that it does not name", () => {
    expect(patterns[0]).toBe("*");
    expect(patterns.join("\n")).not.toMatch(/\*\*|[?+()[\\]/); // not supported by regExpOf
    for (const path of [
      ".env",
      ".npmrc",
      ".git/config",
      "main.ts",
      "service/.env",
      "service/testing/harness.ts",
      "service/migrations/0001_records.sql.swp",
      "service/key.pem",
      "node_modules/zod/index.js",
      "lab/start.ts",
      "terraform.tfstate",
    ]) {
      expect(isIncluded(path), path).toBe(false);
    }
  });

  it("includes exactly the files that the service, the migrations and the rewrap worker import", () => {
    const imported = importedFrom(PROGRAMS);
    expect(imported.files).toContain("service/vault.ts");
    expect(sourcesOf("service/**/*.{ts,js,json}").filter(isIncluded)).toEqual(imported.files);
  });

  it("includes every migration", () => {
    const migrations = sourcesOf("service/migrations/*");
    expect(migrations).not.toEqual([]);
    expect(migrations.filter((path) => !isIncluded(path))).toEqual([]);
  });

  it("includes the package manifests, whose dependencies are exactly the imported packages", () => {
    expect(["package.json", "package-lock.json"].filter(isIncluded)).toHaveLength(2);
    const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    const { packages } = importedFrom(PROGRAMS);
    expect(packages).toEqual(Object.keys(dependencies).sort());
  });
});

/** Programs that run in the container. */
const PROGRAMS = ["service/server.ts", "service/migrate.ts", "service/rewrap.ts"];

/** Files (from the repository root) and packages that modules import, transitively. */
function importedFrom(modules: readonly string[]): {
  readonly files: readonly string[];
  readonly packages: readonly string[];
} {
  const files = new Set(modules);
  const packages = new Set<string>();
  // Iteration over a Set includes items added during the iteration.
  for (const file of files) {
    const source = readFileSync(join(root, file), "utf8");
    for (const [, specifier = ""] of source.matchAll(/\b(?:from|import)\s*\(?"([^"]+)"/g)) {
      if (specifier.startsWith(".")) files.add(normalize(join(dirname(file), specifier)));
      else if (!specifier.startsWith("node:")) packages.add(packageOf(specifier));
    }
  }
  return { files: [...files].sort(), packages: [...packages].sort() };
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

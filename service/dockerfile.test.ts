import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { validate } from "dockerfile-utils";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const dockerfile = readFileSync(join(import.meta.dirname, "Dockerfile"), "utf8");

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** Continued lines joined, comments gone. */
const instructions: readonly Instruction[] = dockerfile
  .replaceAll(/^\s*#.*\n/gm, "")
  .replaceAll(/\\\n\s*/g, "")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => {
    const [name = "", ...rest] = line.split(" ");
    return { name, text: rest.join(" ").trim() };
  });

/** Of the image itself, which is the last stage. */
const last = instructions.slice(instructions.findLastIndex(({ name }) => name === "FROM"));

const textsOf = (name: string, among = instructions) =>
  among.filter((instruction) => instruction.name === name).map(({ text }) => text);

describe("the Dockerfile", () => {
  it("has nothing that a linter finds", () => {
    expect(validate(dockerfile)).toEqual([]);
    expect(validate("FROM scratch\nCOPPY a b\n")).not.toEqual([]);
  });

  it("pins what it is built on by digest, and lets a builder give another", () => {
    const [argument, from] = instructions;
    expect([argument?.name, from?.name]).toEqual(["ARG", "FROM"]);
    // With its registry, for podman and buildah know none by themselves.
    expect(argument?.text).toMatch(/^NODE_IMAGE=[a-z.]+\/\S+:24-\S+@sha256:[0-9a-f]{64}$/);
    expect(textsOf("FROM")).toEqual(["${NODE_IMAGE} AS build", "scratch"]);
  });

  it("is built on what updates are proposed for", () => {
    const base = readFileSync(join(import.meta.dirname, "base.Dockerfile"), "utf8");
    const [, proposed] = /^FROM (\S+)$/m.exec(base) ?? [];
    expect(textsOf("ARG")[0], "service/Dockerfile and service/base.Dockerfile").toBe(
      `NODE_IMAGE=${proposed}`,
    );
  });

  it("uses nothing that one of docker, podman and buildah lacks", () => {
    expect(dockerfile).not.toMatch(/^#\s*(syntax|escape|check)=/m);
    for (const { name, text } of instructions) {
      if (name === "RUN") expect(text).not.toMatch(/^--|<</);
      if (name === "COPY") expect(text).not.toMatch(/--(chmod|link|parents|exclude)|<</);
    }
  });

  it("takes nothing from the network but packages, without their scripts", () => {
    expect(textsOf("ADD")).toEqual([]);
    const runs = textsOf("RUN").join("\n");
    expect(runs.match(/npm \S+/g)).toEqual(["npm ci"]);
    expect(runs).toMatch(/npm ci --omit=dev --ignore-scripts/);
    expect(runs).not.toMatch(/\b(curl|wget|git|npx|apt-get)\b/);
  });

  it("runs without a shell, as a user of no name", () => {
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

  it("is told no secret", () => {
    const told = [...textsOf("ARG"), ...textsOf("ENV"), ...textsOf("LABEL")].join("\n");
    expect(told).not.toMatch(/password|secret|token|credential|api_?key/i);
  });
});

describe(".dockerignore", () => {
  const patterns = readFileSync(join(root, ".dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

  /**
   * The last pattern that matches the path, or a folder that it is in, says whether the path stays out.
   * https://docs.docker.com/build/concepts/context/#dockerignore-files
   */
  function isAdmitted(path: string): boolean {
    const steps = path.split("/");
    const itsFoldersAndIt = steps.map((_, index) => steps.slice(0, index + 1).join("/"));
    const decisive = patterns.findLast((pattern) =>
      itsFoldersAndIt.some((part) => regExpOf(pattern.replace(/^!/, "")).test(part)),
    );
    return decisive === undefined || decisive.startsWith("!");
  }

  /** As Go's `filepath.Match`, whose star takes in a leading dot, which Node's `matchesGlob` does not. */
  function regExpOf(pattern: string): RegExp {
    return new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", "[^/]*")}$`);
  }

  const sourcesOf = (pattern: string) => globSync(pattern, { cwd: root }).sort();

  it("leaves everything out that it does not name", () => {
    expect(patterns[0]).toBe("*");
    expect(patterns.join("\n")).not.toMatch(/\*\*|[?+()[\\]/); // which regExpOf would not understand
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
      expect(isAdmitted(path), path).toBe(false);
    }
  });

  it("admits what the process and the migrations import, all of it and nothing else", () => {
    const imported = importedFrom(["service/server.ts", "service/migrate.ts"]);
    expect(imported.files).toContain("service/vault.ts");
    expect(sourcesOf("service/**/*.{ts,js,json}").filter(isAdmitted)).toEqual(imported.files);
  });

  it("admits every migration", () => {
    const migrations = sourcesOf("service/migrations/*");
    expect(migrations).not.toEqual([]);
    expect(migrations.filter((path) => !isAdmitted(path))).toEqual([]);
  });

  it("admits what says which packages to install, and these are all that is imported", () => {
    expect(["package.json", "package-lock.json"].filter(isAdmitted)).toHaveLength(2);
    const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    const { packages } = importedFrom(["service/server.ts", "service/migrate.ts"]);
    expect(packages).toEqual(Object.keys(dependencies).sort());
  });
});

/** What modules import, directly or not: files from the root of the repository, and packages. */
function importedFrom(modules: readonly string[]): {
  readonly files: readonly string[];
  readonly packages: readonly string[];
} {
  const files = new Set(modules);
  const packages = new Set<string>();
  // A set hands out what is added while it is walked.
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

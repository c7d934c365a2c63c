import { randomUUID } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../common/run.ts";
import { type Archive, readImage } from "./archive.ts";
import { findBaseImage } from "./base-image.ts";
import { type Builder, type Engine, findEngine } from "./engine.ts";
import { synthesizedTask } from "./task.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const IMAGE = "localhost/cipherwatch-e2e";
export const ACCOUNT = "111122223333";
export const REGION = "ap-southeast-2";

/** Milliseconds that a test waits for a container on a slow machine. */
export const PATIENCE = 120_000;

/** Placed in every file and variable of the build that must not reach the image. */
export const CANARY = `canary-${randomUUID()}`;

export const LABELS = {
  CREATED: "2026-11-20T00:00:00Z",
  REVISION: "0123456789abcdef0123456789abcdef01234567",
  SOURCE: "https://example.com/cipherwatch",
  VERSION: "1.2.3",
};

/** The task definition that the stacks synthesize. */
export const task = synthesizedTask();

export interface BuiltImage {
  readonly engine: Engine;
  /** Temporary folder of the suite. */
  readonly folder: string;
  /** Folder that the image was built from. */
  readonly context: string;
  readonly archive: Archive;
  /** Builds the image again under another tag. */
  readonly build: (builder: Builder, tag: string, ...options: string[]) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** Builds the image from a folder that also has the files a developer's folder has. */
export async function buildImage(): Promise<BuiltImage> {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-image-"));
  const engine = await findEngine();
  const base = await findBaseImage(engine, join(root, "service/Dockerfile"));
  console.log(`Engine: ${engine.name}\nBase image: ${base.origin}`);
  const context = createContext(join(folder, "context"));

  async function build({ build: command }: Builder, tag: string, ...options: string[]) {
    const values = { ...LABELS, NODE_IMAGE: base.reference };
    await run(
      [
        ...command,
        ...["--file", join(context, "service/Dockerfile"), "--tag", tag, ...options],
        ...Object.entries(values).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
        context,
      ],
      { env: { ...engine.env, NPM_TOKEN: CANARY } },
    );
  }

  const startedAt = performance.now();
  await build(engine.builders[0], IMAGE);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`Built by ${engine.builders[0].name} in ${seconds} s`);
  return {
    engine,
    folder,
    context,
    archive: await readImage(engine, IMAGE, join(folder, "archive")),
    build,
    remove: async () => {
      const images = [IMAGE, `${IMAGE}-again`, base.reference];
      const ours = images.filter((image) => image.startsWith(IMAGE));
      await engine.run(["rmi", "--force", ...ours]).catch(() => {});
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Copies what the image is built from, and adds files that the build must leave out. */
function createContext(path: string): string {
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

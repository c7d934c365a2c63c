import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { run } from "../../common/run.ts";
import type { Engine } from "./engine.ts";

/** An image as saved by a container engine. */
export interface Archive {
  readonly config: ImageConfig;
  /** The raw configuration, which includes the history. */
  readonly json: string;
  /** Lowest layer first. */
  readonly layers: readonly Layer[];
}

/** https://github.com/moby/docker-image-spec/blob/main/spec.md */
export interface ImageConfig {
  readonly config: {
    readonly User: string;
    readonly ExposedPorts: Readonly<Record<string, unknown>>;
    readonly Env: readonly string[];
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd: readonly string[];
    readonly Healthcheck?: {
      readonly Test: readonly string[];
      /** Nanoseconds, like the other durations. */
      readonly Interval: number;
      readonly Timeout: number;
      readonly StartPeriod: number;
      readonly Retries: number;
    };
    readonly Volumes?: Readonly<Record<string, unknown>> | null;
    readonly WorkingDir: string;
    readonly Labels: Readonly<Record<string, string>>;
  };
}

export interface Layer {
  /** Uncompressed. */
  readonly bytes: Buffer;
  readonly entries: readonly Entry[];
}

export interface Entry {
  /** From the root, without leading or trailing slash. */
  readonly path: string;
  /** In the form of `ls -l`: `-rw-r--r--`. */
  readonly mode: string;
  /** Numeric: `0/0`. */
  readonly owner: string;
}

/** @param folder temporary folder, created and removed by this function */
export async function readImage(engine: Engine, image: string, folder: string): Promise<Archive> {
  mkdirSync(folder);
  try {
    const archive = join(folder, "image.tar");
    await engine.run(["save", "--output", archive, image]);
    await run(["tar", "--extract", "--file", archive, "--directory", folder]);
    const read = (path: string) => readFileSync(join(folder, path));
    const [manifest] = JSON.parse(read("manifest.json").toString()) as [
      { Config: string; Layers: string[] },
    ];
    const json = read(manifest.Config).toString();
    const layers: Layer[] = [];
    for (const path of manifest.Layers) {
      const entries = await entriesOf(join(folder, path));
      layers.push({ bytes: uncompressed(read(path)), entries });
    }
    return { config: JSON.parse(json), json, layers };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function entriesOf(layer: string): Promise<Entry[]> {
  const { stdout } = await run([
    ...(["tar", "--list", "--verbose", "--numeric-owner", "--quoting-style=literal"] as const),
    ...["--file", layer],
  ]);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, mode = "", owner = "", path = ""] =
        /^(\S+) +(\S+) +\d+ +\S+ \S+ (.*)$/.exec(line) ?? [];
      return { path: path.replaceAll(/^\.?\/|\/$/g, ""), mode, owner };
    })
    .filter(({ path }) => path !== "");
}

const GZIP = Buffer.from([0x1f, 0x8b]);

function uncompressed(bytes: Buffer): Buffer {
  return bytes.subarray(0, 2).equals(GZIP) ? gunzipSync(bytes) : bytes;
}

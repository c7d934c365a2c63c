import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run, succeeds } from "../../common/run.ts";
import type { Engine } from "./engine.ts";

/** What the image is built on. */
export interface BaseImage {
  readonly reference: string;
  /** For people. */
  readonly origin: string;
}

const PULL_MILLISECONDS = 5 * 60_000;

/** The Debian of the pinned image, for machines that are none themselves. */
const DEBIAN = "bookworm";

/**
 * The image that the Dockerfile pins, or where it cannot be had one made alike on this machine.
 * @throws Error when neither can be had, with the reasons
 */
export async function findBaseImage(engine: Engine, dockerfile: string): Promise<BaseImage> {
  const pinned = /^ARG NODE_IMAGE=(\S+)$/m.exec(readFileSync(dockerfile, "utf8"))?.[1];
  if (pinned === undefined) throw new Error(`${dockerfile} has no ARG NODE_IMAGE with a default.`);
  try {
    await engine.run(["pull", "--quiet", pinned], { timeout: PULL_MILLISECONDS });
    return { reference: pinned, origin: pinned };
  } catch (error) {
    if (!(await succeeds("mmdebstrap", "--version"))) {
      throw new Error(
        `The base image ${pinned} cannot be pulled, and there is no mmdebstrap to make one with: ` +
          "install it, or let the registry be reached.",
        { cause: error },
      );
    }
    return await makeBaseImage(engine);
  }
}

/**
 * Debian's essential packages, the Node that runs this, npm, and what npm needs to reach its registry
 * from here: for the build alone, as nothing of these but Node and its libraries gets into the image.
 */
async function makeBaseImage(engine: Engine): Promise<BaseImage> {
  const reference = "localhost/cipherwatch-e2e-node:24-slim";
  const context = mkdtempSync(join(tmpdir(), "cipherwatch-base-"));
  try {
    const files = join(context, "files");
    const local = join(files, "usr/local");
    const { suite, sources } = aptSources();
    await Promise.all([
      run([
        ...([
          "mmdebstrap",
          "--quiet",
          "--variant=essential",
          "--include=ca-certificates,libstdc++6",
        ] as const),
        ...[suite, join(context, "debian.tar"), ...sources],
      ]),
      run([
        ...(["npm", "install", "--silent", "--no-save", "--ignore-scripts", "--prefix"] as const),
        ...[join(context, "npm"), "npm@11"],
      ]),
    ]);
    mkdirSync(join(local, "bin"), { recursive: true });
    copyFileSync(process.execPath, join(local, "bin/node"));
    cpSync(join(context, "npm/node_modules/npm"), join(local, "lib/node_modules/npm"), {
      recursive: true,
    });
    symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", join(local, "bin/npm"));
    await copyNpmSettings(local);
    writeFileSync(
      join(context, "Dockerfile"),
      `FROM scratch
ADD debian.tar /
COPY files /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["node"]
`,
    );
    const [{ build }] = engine.builders;
    await run([...build, "--tag", reference, context], { env: engine.env });
    return {
      reference,
      origin: `made here of Debian ${suite} and Node ${process.version}, as the pinned one cannot be pulled`,
    };
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

/** This machine's own release and mirrors if it is a Debian. */
function aptSources(): { readonly suite: string; readonly sources: readonly string[] } {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  if (!/^ID=debian$/m.test(release)) return { suite: DEBIAN, sources: [] };
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1] ?? DEBIAN;
  const sources = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];
  return { suite, sources: sources.filter((path) => existsSync(path)).slice(0, 1) };
}

/** Which registry npm asks here and whose certificates it trusts; no credentials. */
async function copyNpmSettings(local: string): Promise<void> {
  const [registry, cafile] = await Promise.all(
    ["registry", "cafile"].map(async (name) =>
      (await run(["npm", "config", "get", name])).stdout.trim(),
    ),
  );
  const authorities = cafile === "null" ? process.env.NODE_EXTRA_CA_CERTS : cafile;
  const lines = [`registry=${registry}`];
  if (authorities) {
    const place = "share/npm-authorities.pem";
    mkdirSync(dirname(join(local, place)), { recursive: true });
    copyFileSync(authorities, join(local, place));
    lines.push(`cafile=/usr/local/${place}`);
  }
  mkdirSync(join(local, "etc"), { recursive: true });
  writeFileSync(join(local, "etc/npmrc"), `${lines.join("\n")}\n`);
}

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

/** The base image of the build. */
export interface BaseImage {
  readonly reference: string;
  /** Where it comes from, for the log. */
  readonly origin: string;
}

const PULL_MILLISECONDS = 5 * 60_000;

/** Debian release of the pinned image, for machines that do not run Debian. */
const DEBIAN = "bookworm";

/**
 * Pulls the image that the Dockerfile pins or, without access to its registry, builds an equivalent one.
 * @throws Error with the reasons when neither is possible
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
        `Cannot pull the base image ${pinned}, and mmdebstrap is not installed to build an equivalent one. ` +
          "Install mmdebstrap, or allow access to the registry.",
        { cause: error },
      );
    }
    return await buildBaseImage(engine);
  }
}

/**
 * Builds a base image from Debian's essential packages, the running Node, npm, and npm's settings on this
 * machine. Only Node and its libraries reach the final image.
 */
async function buildBaseImage(engine: Engine): Promise<BaseImage> {
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
      origin: `built here from Debian ${suite} and Node ${process.version}, because the pinned one cannot be pulled`,
    };
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

/** The release and mirrors of this machine if it runs Debian. */
function aptSources(): { readonly suite: string; readonly sources: readonly string[] } {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  if (!/^ID=debian$/m.test(release)) return { suite: DEBIAN, sources: [] };
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1] ?? DEBIAN;
  const sources = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];
  return { suite, sources: sources.filter((path) => existsSync(path)).slice(0, 1) };
}

/** Copies npm's registry and certificate authorities, but no credentials. */
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

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunOptions, run, succeeds } from "../../common/run.ts";

/** What builds images and runs containers here. */
export interface Engine {
  /** As `Podman 4.3.1`. */
  readonly name: string;
  /** The command that runs containers. */
  readonly command: "docker" | "podman";
  readonly env: NodeJS.ProcessEnv;
  /** All that can build an image which `command` then runs. */
  readonly builders: readonly [Builder, ...Builder[]];
  /** Runs a subcommand to its end. @returns its standard output */
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<string>;
  /** Removes what the engine was given for its own. */
  readonly close: () => Promise<void>;
}

export interface Builder {
  readonly name: string;
  /** The command up to the arguments that all builders have. */
  readonly build: readonly [program: string, ...args: string[]];
}

/** Why an engine cannot be used, or the engine. */
type Found = { readonly engine: Engine } | { readonly why: string };

/**
 * Docker where its daemon runs, else Podman.
 *
 * Containers reach PostgreSQL and the lab, which listen on this machine's loopback alone, by the host's
 * network, so an engine must run them on this machine itself.
 * @throws Error that says for each engine why it cannot be used
 */
export async function findEngine(): Promise<Engine> {
  const reasons: string[] = [];
  for (const find of [findDocker, findPodman]) {
    const found = await find();
    if ("engine" in found) return found.engine;
    reasons.push(found.why);
  }
  throw new Error(
    `There is no container engine: ${reasons.join("; ")}. Start Docker, or install podman.`,
  );
}

async function findDocker(): Promise<Found> {
  // Podman has a command of the same name, whose flags are Podman's.
  const version = await run(["docker", "--version"]).catch(() => undefined);
  if (!version?.stdout.startsWith("Docker version")) return { why: "there is no docker command" };
  let daemon: { OperatingSystem: string; SecurityOptions: string[]; ServerVersion: string };
  try {
    daemon = JSON.parse((await run(["docker", "info", "--format", "{{json .}}"])).stdout);
  } catch {
    return { why: "Docker's daemon is not running" };
  }
  const { OperatingSystem, SecurityOptions, ServerVersion } = daemon;
  if (OperatingSystem === "Docker Desktop") {
    return { why: "Docker Desktop runs containers in a machine of its own" };
  }
  if (SecurityOptions?.includes("name=rootless")) {
    return { why: "Docker runs without root, in a network of its own" };
  }
  const { env } = process;
  return {
    engine: {
      name: `Docker ${ServerVersion}`,
      command: "docker",
      env,
      builders: [{ name: "docker build", build: ["docker", "build"] }],
      run: async (args, options) => (await run(["docker", ...args], options)).stdout,
      close: async () => {},
    },
  };
}

/**
 * In the format that it takes by itself an image has no HEALTHCHECK, and the isolation that it takes by
 * itself needs rights that a machine which is a container has not.
 */
const BUILD_ARGUMENTS = ["--format", "docker", "--isolation", "chroot"];

async function findPodman(): Promise<Found> {
  if (process.platform !== "linux") {
    return { why: "Podman runs containers in a machine of its own except on Linux" };
  }
  const own = process.getuid?.() === 0 ? await ownConfiguration() : undefined;
  const env = { ...process.env, ...own?.env };
  const podman = async (args: readonly string[], options: RunOptions = {}) => {
    const { stdout } = await run(["podman", ...args], {
      ...options,
      env: { ...env, ...options.env },
    });
    return stdout;
  };
  try {
    const version = await podman(["info", "--format", "{{.Version.Version}}"]);
    const buildah = await succeeds("buildah", "--version");
    const itself: Builder = {
      name: "podman build",
      build: ["podman", "build", ...BUILD_ARGUMENTS],
    };
    return {
      engine: {
        name: `Podman ${version.trim()}`,
        command: "podman",
        env,
        builders: buildah
          ? [
              itself,
              // Which by itself makes one layer of all.
              {
                name: "buildah build",
                build: ["buildah", "build", "--layers", ...BUILD_ARGUMENTS],
              },
            ]
          : [itself],
        run: podman,
        close: async () => own?.remove(),
      },
    };
  } catch (error) {
    await own?.remove();
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    return { why: missing ? "there is no podman command" : `Podman does not start: ${error}` };
  }
}

interface OwnConfiguration {
  readonly env: NodeJS.ProcessEnv;
  readonly remove: () => Promise<void>;
}

/**
 * Root's storage and settings in a temporary folder, so that nothing of a run is left on the machine and
 * nothing of the machine's enters it. Other users' settings are what makes it work for them.
 */
async function ownConfiguration(): Promise<OwnConfiguration> {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-engine-"));
  const file = (name: string) => join(folder, name);
  const containersConf = file("containers.conf");
  const storageConf = file("storage.conf");
  // crun refuses a machine that has both versions of control groups; runc does not.
  const runtime = (await succeeds("runc", "--version")) ? 'runtime = "runc"' : "";
  writeFileSync(
    containersConf,
    `[containers]
# Podman asks for more than a container that it runs in may have.
default_ulimits = ["nofile=8192:8192", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
${runtime}
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "${file("tmp")}"
[network]
network_config_dir = "${file("networks")}"
`,
  );
  const env = { CONTAINERS_CONF: containersConf, CONTAINERS_STORAGE_CONF: storageConf };
  const store = (driver: string) =>
    writeFileSync(
      storageConf,
      `[storage]\ndriver = "${driver}"\ngraphroot = "${file("storage")}"\nrunroot = "${file("run")}"\n`,
    );
  const remove = async () => {
    const mounts = readFileSync("/proc/self/mounts", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[1] ?? "")
      .filter((path) => path.startsWith(`${folder}/`));
    for (const path of mounts.reverse()) await run(["umount", path]);
    rmSync(folder, { recursive: true, force: true });
  };
  store("overlay");
  const works = await run(["podman", "info"], { env: { ...process.env, ...env } }).then(
    () => true,
    () => false,
  );
  // An overlay cannot lie on another, which is what a container has for its root.
  if (!works) {
    rmSync(file("storage"), { recursive: true, force: true });
    store("vfs");
  }
  return { env, remove };
}

if (import.meta.main) {
  try {
    const engine = await findEngine();
    console.log(engine.name);
    await engine.close();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

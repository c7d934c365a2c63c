import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunOptions, run, succeeds } from "../../common/run.ts";

/** The container engine of this machine. */
export interface Engine {
  /** Name and version, such as `Podman 4.3.1`. */
  readonly name: string;
  /** The command that runs containers. */
  readonly command: "docker" | "podman";
  readonly env: NodeJS.ProcessEnv;
  /** Tools whose images `command` can run. */
  readonly builders: readonly [Builder, ...Builder[]];
  /** Runs a subcommand. @returns its standard output */
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<string>;
  /** Removes the engine's temporary configuration. */
  readonly close: () => Promise<void>;
}

export interface Builder {
  readonly name: string;
  /** The command and the arguments specific to this builder. */
  readonly build: readonly [program: string, ...args: string[]];
}

/** An engine, or the reason why it cannot be used. */
type Detection = { readonly engine: Engine } | { readonly reason: string };

/**
 * Finds Docker if its daemon is running, otherwise Podman.
 *
 * Containers use the host's network to reach PostgreSQL and the lab on loopback, so the engine must run them
 * directly on this machine.
 * @throws Error with the reason for each engine
 */
export async function findEngine(): Promise<Engine> {
  const reasons: string[] = [];
  for (const detect of [findDocker, findPodman]) {
    const detected = await detect();
    if ("engine" in detected) return detected.engine;
    reasons.push(detected.reason);
  }
  throw new Error(`No container engine: ${reasons.join("; ")}. Start Docker, or install podman.`);
}

async function findDocker(): Promise<Detection> {
  // podman-docker installs a docker command that takes Podman's flags.
  const version = await run(["docker", "--version"]).catch(() => undefined);
  if (!version?.stdout.startsWith("Docker version")) return { reason: "docker is not installed" };
  let daemon: { OperatingSystem: string; SecurityOptions: string[]; ServerVersion: string };
  try {
    daemon = JSON.parse((await run(["docker", "info", "--format", "{{json .}}"])).stdout);
  } catch {
    return { reason: "the Docker daemon is not running" };
  }
  const { OperatingSystem, SecurityOptions, ServerVersion } = daemon;
  if (OperatingSystem === "Docker Desktop") {
    return { reason: "Docker Desktop runs containers in a virtual machine" };
  }
  if (SecurityOptions?.includes("name=rootless")) {
    return { reason: "rootless Docker uses its own network" };
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
 * The default OCI format has no HEALTHCHECK, and the default isolation needs privileges that are missing
 * inside a container.
 */
const BUILD_ARGUMENTS = ["--format", "docker", "--isolation", "chroot"];

async function findPodman(): Promise<Detection> {
  if (process.platform !== "linux") {
    return { reason: "Podman runs containers in a machine of its own except on Linux" };
  }
  const own = process.getuid?.() === 0 ? await temporaryConfiguration() : undefined;
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
    const podmanBuild: Builder = {
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
              podmanBuild,
              // Without --layers, buildah creates a single layer.
              {
                name: "buildah build",
                build: ["buildah", "build", "--layers", ...BUILD_ARGUMENTS],
              },
            ]
          : [podmanBuild],
        run: podman,
        close: async () => own?.remove(),
      },
    };
  } catch (error) {
    await own?.remove();
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    return { reason: missing ? "podman is not installed" : `Podman does not start: ${error}` };
  }
}

interface TemporaryConfiguration {
  readonly env: NodeJS.ProcessEnv;
  readonly remove: () => Promise<void>;
}

/**
 * Temporary storage and configuration for root, so that a run leaves nothing on the machine and does not
 * depend on its settings. Other users keep their own configuration, which rootless Podman needs.
 */
async function temporaryConfiguration(): Promise<TemporaryConfiguration> {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-engine-"));
  const file = (name: string) => join(folder, name);
  const containersConf = file("containers.conf");
  const storageConf = file("storage.conf");
  // crun rejects a machine with both versions of control groups; runc does not.
  const runtime = (await succeeds("runc", "--version")) ? 'runtime = "runc"' : "";
  writeFileSync(
    containersConf,
    `[containers]
# The defaults exceed the limits inside a container.
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
  // Overlays cannot be nested, and the root of a container is one.
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

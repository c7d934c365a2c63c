import { afterEach, expect, it } from "vitest";
import { waitFor } from "../../lab/testing/spawn-lab.ts";
import { ACCOUNT, type BuiltImage, IMAGE, PATIENCE, REGION, task } from "./built-image.ts";
import {
  type Container,
  type ContainerProps,
  startContainer,
  waitUntilListening,
} from "./container.ts";

/** How a container of the task runs, without a network. */
export function testContainer(image: () => BuiltImage): void {
  const containers: Container[] = [];
  afterEach(async () => {
    for (const container of containers.splice(0)) await container.remove();
  });

  function start(name: string, more: Partial<ContainerProps>): Container {
    const definition = task.container(name);
    const container = startContainer(image().engine, {
      image: IMAGE,
      task,
      definition,
      network: "none",
      ...more,
    });
    containers.push(container);
    return container;
  }

  /** Addresses that are never contacted: the container has no network. */
  const UNREACHABLE = {
    DATABASE_HOST: undefined,
    DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
    KMS_KEY_ARN: `arn:aws:kms:${REGION}:${ACCOUNT}:key/none`,
  };

  /** Runs a script in a container. @returns the value that the script passes to `answer` */
  async function evaluate(script: string): Promise<unknown> {
    const answer = "const answer = (value) => console.log(JSON.stringify({ value }));";
    const command = ["node", "-e", `${answer} ${script}`];
    const container = start("api", { command, environment: UNREACHABLE });
    expect(await container.exited, container.output()).toBe(0);
    return container.lines()[0]?.value;
  }

  it("runs as the user and groups of the task, without capabilities or new privileges", async () => {
    const status = await evaluate('answer(fs.readFileSync("/proc/self/status", "utf8"));');
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

  it("cannot write anywhere", async () => {
    const places = ["/", "/app", "/app/service", "/etc", "/tmp", "/usr/local/bin", "/nonexistent"];
    const outcomes = await evaluate(`
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

  it("has no shell", async () => {
    expect(
      await evaluate('answer(child_process.spawnSync("id", { shell: true }).error?.code);'),
    ).toBe("ENOENT");
  });

  it("lists its distribution and library packages for scanners", async () => {
    const [release, packages] = (await evaluate(
      'answer(["/etc/os-release", "/var/lib/dpkg/status"].map((file) => fs.readFileSync(file, "utf8")));',
    )) as [string, string];
    expect(release).toMatch(/^ID=debian$/m);
    const installed = packages.matchAll(/^Package: (\S+)$/gm);
    expect([...installed].map(([, name]) => name)).toEqual(
      expect.arrayContaining(["libc6", "libgcc-s1", "libstdc++6"]),
    );
  });

  it("passes the health checks of the task and the image only once it listens", async () => {
    const { command: taskCheck = [] } = task.container("api").healthCheck ?? {};
    const imageCheck = image().archive.config.config.Healthcheck?.Test ?? [];
    const checks = [taskCheck, imageCheck].map(([kind, ...command]) => {
      expect(kind).toBe("CMD");
      return command;
    });
    const idle = start("api", {
      command: ["node", "-e", 'console.log("{}"); setInterval(() => {}, 1000)'],
      environment: UNREACHABLE,
    });
    await waitFor("a container", async () => idle.lines()[0], PATIENCE);
    for (const check of checks) expect(await idle.execute(check)).toBe(1);
    await idle.remove();

    const api = start("api", { environment: UNREACHABLE });
    expect(await waitUntilListening(api)).toEqual({ host: "0.0.0.0", port: 8080 });
    for (const check of checks) expect(await api.execute(check)).toBe(0);
  });
}

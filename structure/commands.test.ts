import { execFile } from "node:child_process";
import { describe, expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };

/** Scripts of npm that only run a tool, which explains itself. */
const TOOLS = ["test", "test:watch", "check", "format"];

const scripts = Object.entries(packageJson.scripts).filter(([name]) => !TOOLS.includes(name));
const { PATH, NODE_COMPILE_CACHE } = process.env;

interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script of package.json without npm, which takes longer than most of them. */
function run(script: string, args: readonly string[], env: Record<string, string> = {}) {
  const [program = "", ...rest] = script.split(" ");
  expect(program).toBe("node");
  return new Promise<Result>((resolve) => {
    const options = {
      cwd: import.meta.dirname.replace(/structure$/, ""),
      env: { PATH, NODE_COMPILE_CACHE, ...env },
    };
    execFile(process.execPath, [...rest, ...args], options, (error, stdout, stderr) => {
      resolve({ status: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

describe.each(scripts)("npm run %s", (name, script) => {
  test.concurrent("explains itself and its exit codes with --help, and does nothing else", async () => {
    const { status, stdout, stderr } = await run(script, ["--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const command = name === "start" ? "npm start" : "npm run ";
    expect(stdout).toContain(command);
    expect(stdout).toContain(name);
    expect(stdout).toMatch(/^Exit codes: 0 /m);
  });

  test.concurrent("refuses an unknown option", async () => {
    const { status, stdout, stderr } = await run(script, ["--helpp"]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain('Unknown option "--helpp". Did you mean --help?');
  });

  test.concurrent("refuses options that npm took because -- was missing", async () => {
    const env = {
      npm_lifecycle_event: name,
      npm_config_help: "true",
      npm_config_refresh_only: "true",
    };
    const { status, stderr } = await run(script, [], env);
    expect(status).toBe(2);
    expect(stderr).toContain("for itself. Put -- before the arguments of the script");
  });
});

test.concurrent.each([
  ["rewrap", ["--rate", "0"], '--rate must be an integer between 1 and 1000; received "0"'],
  ["client-id", ["login.example.com", "billing"], "ISSUER must be a URL, such as https://login."],
  ["pack", ["one", "two"], 'Expected at most one FOLDER; received also "two".'],
  ["pack", ["/proc/cipherwatch"], "Cannot write the package to /proc/cipherwatch: ENOENT"],
] as const)("npm run %s refuses the arguments %j", async (name, args, reason) => {
  const { status, stdout, stderr } = await run(packageJson.scripts[name], args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr.startsWith(reason)).toBe(true);
});

test.concurrent("the generator of an example trail refuses a folder that it cannot create", async () => {
  const { status, stderr } = await run("node replay/archive/example.ts", ["/proc/cipherwatch"]);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^Cannot write the files to \/proc\/cipherwatch: ENOENT/);
});

test.concurrent.each(["diff", "deploy", "destroy"] as const)(
  "npm run %s says how to install Terraform if it is missing",
  async (name) => {
    const env = { TERRAFORM_BINARY_NAME: "/no/such/terraform" };
    const { status, stdout, stderr } = await run(packageJson.scripts[name], [], env);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(
      /^Could not start \/no\/such\/terraform: .*\nInstall Terraform 1\.11 or newer .* TERRAFORM_BINARY_NAME to its path\.\n$/,
    );
  },
);

test.concurrent("npm run synth refuses a folder that it cannot create", async () => {
  const env = { CDKTF_OUTDIR: "/proc/cipherwatch" };
  const { status, stderr } = await run(packageJson.scripts.synth, [], env);
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^Cannot write the stacks to \/proc\/cipherwatch: ENOENT.* Choose a writable folder with CDKTF_OUTDIR\.\n$/,
  );
});

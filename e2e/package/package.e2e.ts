import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { run } from "../../common/run.ts";
import { packagedPages } from "../../package/pages.ts";
import { type GeneratedArchive, generateArchive } from "../../replay/archive/generate.ts";

const root = resolve(import.meta.dirname, "../..");
const MAX_INSTALLED_BYTES = 25 * 1024 * 1024;

let folder: string;
let installed: string;
let archive: GeneratedArchive;
const { CI: _, ...inherited } = process.env;
/** Without the settings of this repository, and with the Node that runs the tests. */
const env = {
  ...Object.fromEntries(
    Object.entries(inherited).filter(([name]) => !/^(npm_|CIPHERWATCH_)/.test(name)),
  ),
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  // Any use of the network fails.
  npm_config_offline: "true",
  npm_config_audit: "false",
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-package-"));
  installed = mkdtempSync(join(tmpdir(), "cipherwatch-installed-"));
  archive = generateArchive({ folder: join(folder, "trail"), events: 5000, seed: 5, days: 2 });
  const packed = await run([process.execPath, "package/pack.ts", folder], { cwd: root, env });
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "";
  expect(packed).toMatchObject({
    stdout: expect.stringMatching(
      `^Packed \\S+${tarball}\\. .+: npm install --save-dev \\./${tarball}\n$`,
    ),
    stderr: "",
  });
  await run(["npm", "install", join(folder, tarball)], { cwd: installed, env });
});
afterAll(() => {
  for (const path of [folder, installed]) rmSync(path, { recursive: true, force: true });
});

const npx = (...args: string[]) =>
  run(["npx", "--no", "--", "cipherwatch", ...args], { cwd: installed, env, accept: "any" });

const trail = () => [
  "--role-arn",
  archive.roleArn,
  "--key-arn",
  archive.keyArn,
  join(folder, "trail"),
];

it("installs into an empty folder without a network: one package, below 25 MB, no tests", () => {
  const modules = join(installed, "node_modules");
  const packages = readdirSync(modules).filter((name) => !name.startsWith("."));
  expect(packages).toEqual(["cipherwatch"]);
  const files = readdirSync(modules, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );
  const inPackage = files
    .filter((file) => file.startsWith(join(modules, "cipherwatch/")))
    .map((file) => file.slice(join(modules, "cipherwatch/").length));
  const pages = inPackage.filter((file) => file.startsWith("docs/"));
  expect(pages.sort()).toEqual(packagedPages().toSorted());
  expect(inPackage.filter((file) => !pages.includes(file)).sort()).toEqual([
    "LICENSE",
    "README.md",
    "dist/THIRD-PARTY-LICENSES",
    "dist/cipherwatch.js",
    "dist/cli.js",
    "dist/detections.json",
    "dist/worker.js",
    "package.json",
  ]);
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  console.log(`${bytes} bytes installed`);
  expect(bytes).toBeLessThan(MAX_INSTALLED_BYTES);
});

it("explains itself, names its version, and says which commands need CDKTF", async () => {
  expect((await npx("replay", "--help")).stdout).toMatch(
    /^npx --no -- cipherwatch replay \[options\] PATH…/,
  );
  const { version } = JSON.parse(readFileSync(join(root, "package/package.json"), "utf8"));
  expect((await npx("--version")).stdout).toBe(`${version}\n`);
  const { code, stderr } = await npx("deploy");
  expect(code).toBe(2);
  expect(stderr).toContain("cipherwatch deploy needs CDKTF");
});

it("names the required version of Node.js on an older one", async () => {
  const older =
    'data:text/javascript,Object.defineProperty(process, "version", { value: "v22.1.0" })';
  const program = join(installed, "node_modules/.bin/cipherwatch");
  const { code, stderr } = await run([process.execPath, "--import", older, program, "--version"], {
    env,
    accept: "any",
  });
  expect(code).toBe(2);
  expect(stderr).toContain("cipherwatch needs Node.js 22.2 or newer, but this is v22.1.0.");
});

it("reports what npm run replay reports", async () => {
  const own = await run([process.execPath, "replay/cli.ts", "--json", ...trail()], {
    cwd: root,
    env: { ...env, NODE_NO_WARNINGS: "1" },
  });
  const { code, stdout, stderr } = await npx("replay", "--json", ...trail());
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const report = JSON.parse(stdout);
  expect(report).toEqual(JSON.parse(own.stdout));
  const fired = report.detections.filter(({ alarms }: { alarms: { fired: unknown[] }[] }) =>
    alarms.some((alarm) => alarm.fired.length > 0),
  );
  expect(fired.length).toBeGreaterThan(3);
});

it("replays the detections on a team's own keys, without a deployment and without CDKTF", async () => {
  const list = join(installed, "keys.json");
  const entry = { name: "records", key: archive.keyArn, roles: [archive.roleArn] };
  writeFileSync(list, JSON.stringify([entry]));
  const { code, stdout, stderr } = await npx(
    ...["replay", "--keys", list, "--json", join(folder, "trail")],
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { detections } = JSON.parse(stdout) as {
    detections: { id: string; alarms: { fired: unknown[] }[] }[];
  };
  const fired = detections.filter(({ alarms }) => alarms.some((alarm) => alarm.fired.length > 0));
  // The archive has an incident in which another role uses the key.
  expect(fired.map(({ id }) => id)).toContain("key-outsider-records");

  writeFileSync(list, JSON.stringify([{ ...entry, roles: ["service"] }]));
  const invalid = await npx("replay", "--keys", list, join(folder, "trail"));
  expect(invalid.code).toBe(2);
  expect(invalid.stderr).toMatch(/^--keys: entry 1 \(records\).* must be the ARN of a role/);
});

it("writes the Terraform that npm run deploy -- watch deploys", async () => {
  const keys = JSON.stringify([{ name: "records", key: archive.keyArn, roles: [archive.roleArn] }]);
  const { code, stdout, stderr } = await npx(
    ...["watch", "--keys", keys, "--email", "security@example.com", "--region", "us-east-1"],
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("terraform -chdir=terraform/stacks/watch-alarm apply");
  const settings = {
    CIPHERWATCH_MONITORED_KEYS: keys,
    CIPHERWATCH_ALERT_EMAIL: "security@example.com",
    CIPHERWATCH_REGION: "us-east-1",
    CDKTF_OUTDIR: join(folder, "cdktf.out"),
  };
  await run([process.execPath, "main.ts", "watch"], { cwd: root, env: { ...env, ...settings } });
  const stack = (path: string) => JSON.parse(readFileSync(path, "utf8"));
  for (const id of ["watch-trail", "watch-alarm"]) {
    const own = stack(join(folder, "cdktf.out/stacks", id, "cdk.tf.json"));
    const written = stack(join(installed, "terraform/stacks", id, "main.tf.json"));
    expect(written).toEqual(withoutMetadata(own));
  }
});

/** Without the paths and versions that CDKTF adds under the name `//`. */
function withoutMetadata(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (name, item) => (name === "//" ? undefined : item)));
}

it("fails on the problems of a plan", async () => {
  const plan = join(root, "replay/imported/fixtures/mistakes/plan.json");
  const { code, stdout } = await npx(
    ...["replay", "--plan", plan, "--fail-on", "problem", join(folder, "trail")],
  );
  expect(code).toBe(1);
  expect(stdout).toContain("8 problems with the alarms:");
});

it("checks a pattern", async () => {
  const { code, stdout } = await npx("pattern", '{ $.errorCode = "*" }', join(folder, "trail"));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^[\d,]+ of [\d,]+ events match\.\n✓ /);
});

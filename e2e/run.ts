import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { continueAfterClosedPipe } from "../common/closed-pipe.ts";
import { parseOptions } from "../common/parse-options.ts";
import { unknownName } from "../common/unknown-name.ts";
import { describeFailures, readTestFiles, type TestFile } from "./test-files.ts";

interface Suite {
  /** Duration on an idle machine with two cores. */
  readonly minutes: number;
  /** Commands that must succeed, each with the name of the tool it checks. */
  readonly needs: readonly { readonly command: readonly string[]; readonly what: string }[];
  /** Number of test files to run at a time, if they are independent and mostly wait; 1 by default. */
  readonly parallel?: number;
}

continueAfterClosedPipe();
const root = fileURLToPath(new URL("..", import.meta.url));

/** The suites by folder, with the tools they need besides Node. */
const SUITES: Readonly<Record<string, Suite>> = {
  package: {
    minutes: 1,
    needs: [{ command: ["npm", "--version"], what: "npm" }],
  },
  database: {
    minutes: 1,
    needs: [
      { command: ["initdb", "--version"], what: "PostgreSQL's initdb" },
      { command: ["pg_ctl", "--version"], what: "PostgreSQL's pg_ctl" },
    ],
  },
  faults: {
    minutes: 5,
    needs: [
      { command: ["initdb", "--version"], what: "PostgreSQL's initdb" },
      { command: ["pg_ctl", "--version"], what: "PostgreSQL's pg_ctl" },
    ],
  },
  fuzz: { minutes: 2, needs: [] },
  image: {
    minutes: 2,
    needs: [
      {
        command: [process.execPath, join(root, "e2e/image/engine.ts")],
        what: "a container engine (Docker with its daemon running, or Podman)",
      },
      { command: ["tar", "--version"], what: "GNU tar" },
    ],
  },
  browser: {
    minutes: 2,
    needs: [
      {
        command: [process.env.CHROMIUM ?? "/usr/bin/chromium", "--version"],
        what: "Chromium (Debian's package chromium, or its path in CHROMIUM)",
      },
    ],
  },
  lab: {
    minutes: 1,
    needs: [
      { command: ["curl", "--version"], what: "curl" },
      { command: ["aws", "--version"], what: "the AWS CLI" },
      { command: ["python3", "-c", "import boto3"], what: "Python with boto3" },
    ],
  },
  terraform: {
    minutes: 13,
    needs: [
      { command: ["terraform", "version"], what: "Terraform" },
      { command: ["python3", "-c", "import moto.server"], what: "Python with moto's server" },
      { command: ["aws", "--version"], what: "the AWS CLI" },
      { command: ["bash", "--version"], what: "bash" },
      { command: ["jq", "--version"], what: "jq" },
    ],
    parallel: 2,
  },
  pipeline: {
    minutes: 9,
    needs: [
      { command: ["terraform", "version"], what: "Terraform" },
      { command: ["python3", "-c", "import moto.server"], what: "Python with moto's server" },
      { command: ["aws", "--version"], what: "the AWS CLI" },
      { command: ["git", "--version"], what: "git" },
      { command: ["bash", "--version"], what: "bash" },
      { command: ["tar", "--version"], what: "GNU tar" },
    ],
    parallel: 3,
  },
};

/** Factor by which a busy machine may exceed a suite's minutes. */
const PATIENCE = 1.5;

/** Runs of a test file that fails, with `--within`. */
const ATTEMPTS = 3;

const USAGE = `npm run e2e -- [--long] [--within MINUTES] [SUITE…]

Runs the named suites, or all suites whose tools are installed.

  SUITE              ${Object.keys(SUITES).join(", ")}
  --long             run the long form of the suites that have one: faults and fuzz
  --within MINUTES   skip suites that may not finish in time, and run a failed file up to twice more
  --help             show this help

Exit codes: 0 every test passed; 1 a test failed; 2 invalid arguments.`;

/**
 * `--within MINUTES` skips and names each suite that may not finish in time, and runs a failed file up
 * to twice more while there is time: on a busy machine the emulator may answer so late that the AWS provider
 * repeats a deletion, which then fails.
 */
const { values, positionals: named } = readArguments();
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const suiteNames = Object.keys(SUITES);
const unknown = named.find((name) => !suiteNames.includes(name));
if (unknown !== undefined) {
  exitWithError(`${unknownName("suite", unknown, suiteNames)} Allowed: ${suiteNames.join(", ")}.`);
}
const within = Number(values.within ?? Number.POSITIVE_INFINITY);
if (!(within > 0))
  exitWithError(`--within must be a number of minutes above 0, not "${values.within}".`);

const isTimeFor = ({ minutes }: Suite) => performance.now() / 60_000 + minutes * PATIENCE <= within;

const files: TestFile[] = [];
const skipped: string[] = [];
const missingSuites: string[] = [];
for (const [name, suite] of Object.entries(SUITES)) {
  if (named.length > 0 && !named.includes(name)) continue;
  const missing = missingFor(suite);
  if (missing.length > 0) {
    const message = `NOT RUN: suite "${name}" needs ${missing.join(", ")}, which is not available.`;
    console.error(`\n${message}`);
    // A suite that was requested by name must not be skipped silently.
    (named.includes(name) ? missingSuites : skipped).push(message);
    continue;
  }
  if (!isTimeFor(suite)) {
    const message = `NOT RUN: suite "${name}" may not finish in time. Run it with npm run e2e -- ${name}.`;
    console.error(`\n${message}`);
    skipped.push(message);
    continue;
  }
  console.log(`\nSuite "${name}"`);
  files.push(...runWithRetries(name, suite));
}

// Repeat what went wrong at the end: the beginning of a long log may be cut.
for (const message of [...missingSuites, ...skipped]) console.error(`\n${message}`);
const failures = describeFailures(files, root);
if (failures !== "") console.error(`\nFailed:\n${failures}`);
const passed = files.reduce((sum, file) => sum + file.passed, 0);
const failed = files.reduce((sum, file) => sum + file.failures.length, 0) + missingSuites.length;
console.log(
  `\n${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`,
);
process.exitCode = failed > 0 ? 1 : 0;

function readArguments() {
  try {
    return parseOptions(
      {
        options: {
          within: { type: "string" },
          long: { type: "boolean", default: false },
          help: { type: "boolean", short: "h" },
        },
        allowPositionals: true,
      },
      USAGE,
    );
  } catch (error) {
    return exitWithError((error as Error).message);
  }
}

function exitWithError(message: string): never {
  console.error(message);
  process.exit(2);
}

function missingFor({ needs }: Suite): string[] {
  return needs
    .filter(({ command: [program = "", ...args] }) => spawnSync(program, args).status !== 0)
    .map(({ what }) => what);
}

/** Runs a suite; with `--within`, runs its failed files again while there is time. */
function runWithRetries(name: string, suite: Suite): TestFile[] {
  let results = run(`e2e/${name}/`, suite);
  for (let attempt = 2; attempt <= ATTEMPTS; attempt += 1) {
    const failed = results.filter(({ failures }) => failures.length > 0);
    if (failed.length === 0 || values.within === undefined || !isTimeFor(suite)) break;
    console.error(
      `\nSuite "${name}" had failures; running their files again, attempt ${attempt} of ${ATTEMPTS}.\n` +
        describeFailures(failed, root),
    );
    const repeated = failed.flatMap(({ path }) => run(path, suite));
    results = [...results.filter((file) => !failed.includes(file)), ...repeated];
  }
  return results;
}

function run(path: string, { parallel }: Suite): TestFile[] {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-e2e-"));
  const report = join(folder, "report.json");
  try {
    const { status } = spawnSync(
      process.execPath,
      [
        join(root, "node_modules/vitest/vitest.mjs"),
        ...["run", "--config", "e2e/vitest.config.ts", path],
        ...(parallel === undefined ? [] : ["--fileParallelism", `--maxWorkers=${parallel}`]),
        ...["--reporter=verbose", "--reporter=json", `--outputFile.json=${report}`],
      ],
      {
        cwd: root,
        stdio: ["ignore", "inherit", "inherit"],
        env: { ...process.env, CIPHERWATCH_E2E_LONG: values.long ? "1" : "" },
      },
    );
    const results = readTestFiles(readFileSync(report, "utf8"));
    // Vitest also fails for an error outside every file, such as an unhandled rejection.
    if (results.some(({ failures }) => failures.length > 0) || (status === 0 && results.length > 0))
      return results;
    return [...results, failure(path, `Vitest ended with status ${status}; its output is above.`)];
  } catch (error) {
    return [failure(path, `No test report: ${error}`)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function failure(path: string, error: string): TestFile {
  return { path, passed: 0, failures: [{ test: "(outside the tests)", error }] };
}

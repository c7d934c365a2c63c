import { createOutputFolder } from "./common/folder.ts";
import { readArguments } from "./common/parse-options.ts";
import { unknownName } from "./common/unknown-name.ts";

const USAGE = `npm run synth [-- watch]

Writes the Terraform of every stack to cdktf.out, from the CIPHERWATCH_ settings in the environment
(docs/settings.md). Needs neither credentials nor a network. CDKTF_OUTDIR names another folder.

  watch    write the stacks that monitor your own KMS keys, without the service (docs/monitoring-keys.md)
  --help   show this help

Exit codes: 0 success; 1 a setting is invalid, or the folder is not writable; 2 invalid arguments.`;

const WATCH = "watch";

const unknown = readArguments(USAGE, { positionals: true }).find((name) => name !== WATCH);
if (unknown !== undefined) {
  console.error(`${unknownName("argument", unknown, [WATCH])}\n\n${USAGE}`);
  process.exit(2);
}

try {
  createOutputFolder(process.env.CDKTF_OUTDIR ?? "cdktf.out", "the stacks", "CDKTF_OUTDIR");
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}

// Import after the arguments, so that --help answers at once: CDKTF takes most of a second to load.
const [{ App }, { SettingsError }, { loadSettings }, { loadWatchSettings }] = await Promise.all([
  import("cdktf"),
  import("./settings/error.ts"),
  import("./settings/index.ts"),
  import("./settings/watch.ts"),
]);
const [{ addStacks }, { addWatchStacks }, { synthesisWarnings }] = await Promise.all([
  import("./stacks/cipherwatch.ts"),
  import("./stacks/watch.ts"),
  import("./stacks/warnings.ts"),
]);

try {
  const app = new App();
  const warnings = process.argv.includes(WATCH) ? addWatch(app) : addService(app);
  app.synth();
  // The CDKTF CLI, which sets this variable, prints standard error as errors in red.
  const warn = process.env.CDKTF_CONTEXT_JSON === undefined ? console.error : console.log;
  for (const warning of warnings) warn(warning);
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function addService(app: InstanceType<typeof App>): readonly string[] {
  const settings = loadSettings(process.env);
  addStacks(app, settings);
  return synthesisWarnings(settings);
}

function addWatch(app: InstanceType<typeof App>): readonly string[] {
  addWatchStacks(app, loadWatchSettings(process.env));
  return [];
}

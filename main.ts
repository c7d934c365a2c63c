import { readArguments } from "./common/parse-options.ts";

const USAGE = `npm run synth

Writes the Terraform of every stack to cdktf.out, from the CIPHERWATCH_ settings in the environment
(docs/settings.md). Needs neither credentials nor a network. CDKTF_OUTDIR names another folder.

  --help   show this help

Exit codes: 0 success; 1 a setting is invalid, and nothing was written; 2 invalid arguments.`;

readArguments(USAGE);

// Import after the arguments, so that --help answers at once: CDKTF takes most of a second to load.
const [{ App }, { SettingsError }, { loadSettings }, { addStacks }, { synthesisWarnings }] =
  await Promise.all([
    import("cdktf"),
    import("./settings/error.ts"),
    import("./settings/index.ts"),
    import("./stacks/cipherwatch.ts"),
    import("./stacks/warnings.ts"),
  ]);

try {
  const settings = loadSettings(process.env);
  const app = new App();
  addStacks(app, settings);
  app.synth();
  // The CDKTF CLI, which sets this variable, prints standard error as errors in red.
  const warn = process.env.CDKTF_CONTEXT_JSON === undefined ? console.error : console.log;
  for (const warning of synthesisWarnings(settings)) warn(warning);
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

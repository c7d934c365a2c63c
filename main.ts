import { App } from "cdktf";
import { SettingsError } from "./settings/error.ts";
import { loadSettings } from "./settings/index.ts";
import { addStacks } from "./stacks/cipherwatch.ts";
import { synthesisWarnings } from "./stacks/warnings.ts";

try {
  const settings = loadSettings(process.env);
  const app = new App();
  addStacks(app, settings);
  app.synth();
  for (const warning of synthesisWarnings(settings)) console.error(warning);
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

import { App } from "cdktf";
import { loadSettings, type Settings } from "./stacks/settings.ts";
import { SettingsError } from "./stacks/settings-error.ts";

/** Builds every stack, in the order in which they are deployed. */
export function cipherwatch(_app: App, _settings: Settings): void {}

if (import.meta.main) {
  try {
    const app = new App();
    cipherwatch(app, loadSettings(process.env));
    app.synth();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

import { App } from "cdktf";
import { AlarmStack } from "./stacks/alarm.ts";
import { BootstrapStack } from "./stacks/bootstrap.ts";
import { KmsStack } from "./stacks/kms.ts";
import { loadSettings, type Settings } from "./stacks/settings.ts";
import { SettingsError } from "./stacks/settings-error.ts";
import { TrailStack } from "./stacks/trail.ts";

/** Builds every stack, in the order in which they are deployed. */
export function cipherwatch(app: App, settings: Settings): void {
  new BootstrapStack(app, "bootstrap", { settings });
  const { keyArn } = new KmsStack(app, "kms", { settings });
  const trail = new TrailStack(app, "trail", { settings });
  const { logGroupName } = trail;
  const alarm = new AlarmStack(app, "alarm", { settings, keyArn, logGroupName });
  alarm.addDependency(trail); // it names the log group, and a name alone orders nothing
}

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

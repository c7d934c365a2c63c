import { synthFast } from "./terraform/cdktf/fast-synth.ts";

synthFast();
const { App } = await import("cdktf");
const { cipherwatch } = await import("./stacks/cipherwatch.ts");
const { notices } = await import("./stacks/notices.ts");
const { loadSettings } = await import("./settings/index.ts");
const { SettingsError } = await import("./settings/error.ts");

try {
  const settings = loadSettings(process.env);
  const app = new App();
  cipherwatch(app, settings);
  app.synth();
  for (const notice of notices(settings)) console.error(notice);
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

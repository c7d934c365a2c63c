#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { unknownName } from "../common/unknown-name.ts";
import { runInProcess } from "../replay/main.ts";
import { snapshotDetections } from "./detections.ts";
import manifest from "./package.json" with { type: "json" };
import { runPattern } from "./pattern.ts";
import { runWatch } from "./watch.ts";

const USAGE = `npx --no -- cipherwatch COMMAND [options]

  replay PATH…               replay alarms over CloudTrail files: what would have fired, when, because of whom
  pattern PATTERN [PATH…]    check a filter pattern, and show which events it matches and why
  watch --keys FILE          write Terraform that monitors KMS keys: a trail, and alarms on their misuse

  --version                  show the version
  --help                     show this help; after a command, the help of that command

Exit codes: 0 success; 2 invalid arguments. The help of a command lists its own.`;

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  replay: (args) =>
    runInProcess(args, {
      command: "npx --no -- cipherwatch replay",
      loadDetections: async (bound) => {
        warnAboutSettings();
        return snapshotDetections(
          readFileSync(new URL("detections.json", import.meta.url), "utf8"),
          bound,
        );
      },
    }),
  pattern: runPattern,
  watch: runWatch,
};

/** Commands of the repository that the package does not have, because they need CDKTF. */
const NEED_CDKTF = ["start", "synth", "diff", "deploy", "destroy", "attack"];

/** Warns that settings have no effect on the package's snapshot of the detections. */
function warnAboutSettings(): void {
  const settings = Object.keys(process.env).filter((name) => name.startsWith("CIPHERWATCH_"));
  if (settings.length === 0) return;
  process.stderr.write(
    `Ignored: ${settings.join(", ")}. The package replays the detections with default settings. Use ` +
      "--threshold and --exclude, or npm run replay in a clone of the repository, which has CDKTF.\n",
  );
}

const [name = "--help", ...args] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (command !== undefined) {
  await command(args);
} else if (name === "--help" || name === "-h") {
  console.log(USAGE);
} else if (name === "--version") {
  console.log(manifest.version);
} else {
  const names = [...Object.keys(COMMANDS), "--help", "--version"];
  console.error(
    NEED_CDKTF.includes(name)
      ? `cipherwatch ${name} needs CDKTF, which the package does not contain. Run npm run ${name} in a clone of the repository.`
      : `${unknownName("command", name, names)} Allowed: ${names.join(", ")}.\n\n${USAGE}`,
  );
  process.exitCode = 2;
}

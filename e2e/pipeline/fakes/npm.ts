/**
 * Fake of npm: `npm ci` links the installed packages, and `npm run synth` synthesizes. `npm test` and other
 * scripts only print the command, as the end-to-end suites would otherwise run themselves.
 */
import { spawnSync } from "node:child_process";
import { linkPackages } from "../git-remote.ts";

const args = process.argv.slice(2);
if (args.join(" ") === "run synth") {
  const { status } = spawnSync("node", ["main.ts"], { stdio: "inherit" });
  process.exitCode = status ?? 1;
} else if (args.join(" ").replace(/ --ignore-scripts$/, "") === "ci")
  linkPackages(process.cwd(), { snyk: process.env.FAKE_SNYK_PATH ?? "" });
else if (args.join(" ") !== "rebuild snyk" && args[0] !== "test" && args[0] !== "run")
  throw new Error(`The fake npm does not support npm ${args.join(" ")}.`);
console.log(`fake npm ${args.join(" ")}`);

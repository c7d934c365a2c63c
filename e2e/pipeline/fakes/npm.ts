/**
 * Fake of npm: `npm ci` links the installed packages. `npm test` and `npm run` only print the command, as
 * the end-to-end suites would otherwise run themselves.
 */
import { linkPackages } from "../git-remote.ts";

const args = process.argv.slice(2);
if (args.join(" ") === "ci")
  linkPackages(process.cwd(), { snyk: process.env.FAKE_SNYK_PATH ?? "" });
else if (args[0] !== "test" && args[0] !== "run")
  throw new Error(`The fake npm does not support npm ${args.join(" ")}.`);
console.log(`fake npm ${args.join(" ")}`);

/**
 * In the place of npm: `npm ci` links the packages that are here, and `npm test` and `npm run` only say
 * what they were asked for, since the suite would run itself.
 */
import { linkPackages } from "../origin.ts";

const args = process.argv.slice(2);
if (args.join(" ") === "ci")
  linkPackages(process.cwd(), { snyk: process.env.SNYK_STAND_IN_PATH ?? "" });
else if (args[0] !== "test" && args[0] !== "run")
  throw new Error(`npm ${args.join(" ")} has no stand-in.`);
console.log(`stand-in for npm ${args.join(" ")}`);

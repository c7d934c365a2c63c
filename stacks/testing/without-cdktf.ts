import { text } from "node:stream/consumers";
import { replaceCdktf } from "../../terraform/cdktf-subset/modules.ts";

// Reads a JSON array of settings, named without `CIPHERWATCH_`, from standard input, and prints the stacks that are
// synthesized for each without CDKTF.
replaceCdktf();
const { loadSettings } = await import("../../settings/index.ts");
const { withPlaceholderEmail } = await import("../../settings/alarms.ts");
const { synthesize } = await import("../synthesize.ts");

const cases: readonly Readonly<Record<string, string>>[] = JSON.parse(await text(process.stdin));
const results = cases.map((settings) => {
  const variables = Object.entries(settings).map(([name, value]) => [`CIPHERWATCH_${name}`, value]);
  return Object.fromEntries(
    synthesize(loadSettings(withPlaceholderEmail(Object.fromEntries(variables)))),
  );
});
process.stdout.write(JSON.stringify(results));

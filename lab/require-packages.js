// Preloaded by `npm start`. In JavaScript, because without the packages the machine's own Node runs it, which may be
// too old for TypeScript.
import { existsSync } from "node:fs";

if (!existsSync(new URL("../node_modules/node", import.meta.url))) {
  console.error("The packages are not installed. Run npm ci, and then npm start again.");
  process.exit(1);
}

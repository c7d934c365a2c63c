// Preloaded by `npm start`, in JavaScript: without the packages, an older Node of the machine cannot run TypeScript.
import { existsSync } from "node:fs";

if (!existsSync(new URL("../node_modules/node", import.meta.url))) {
  console.error("The packages are not installed. Run npm ci, and then npm start again.");
  process.exit(1);
}

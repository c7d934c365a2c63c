import { loadSynthesizedDetections } from "./detections/load.ts";
import { runInProcess } from "./main.ts";

await runInProcess(process.argv.slice(2), {
  command: "npm run replay --",
  loadDetections: loadSynthesizedDetections,
});

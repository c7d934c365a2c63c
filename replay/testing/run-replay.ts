import { loadSynthesizedDetections } from "../detections/load.ts";
import { main, type Program } from "../main.ts";

/** The program that `npm run replay` runs. */
export const PROGRAM: Program = {
  command: "npm run replay --",
  loadDetections: loadSynthesizedDetections,
};

/** Runs a replay in this process. */
export async function runReplay(args: readonly string[], program = PROGRAM) {
  const printed = { out: "", err: "" };
  const output = {
    out: (text: string) => {
      printed.out += text;
    },
    err: {
      write: (text: string) => {
        printed.err += text;
      },
    },
  };
  const code = await main(args, output, program);
  return { code, ...printed };
}

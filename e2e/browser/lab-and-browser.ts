import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { type SpawnedLab, spawnLab } from "../../lab/testing/spawn-lab.ts";
import { launchChromium } from "./chromium.ts";

/** What the tests of a file share. */
export interface LabAndBrowser {
  readonly lab: SpawnedLab;
  readonly browser: Browser;
  /** Closes both and deletes the lab's data. */
  readonly close: () => Promise<void>;
}

export async function startLabAndBrowser(): Promise<LabAndBrowser> {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-browser-"));
  const lab = await spawnLab(folder);
  let browser: Browser | undefined;
  const close = async () => {
    await browser?.close();
    await lab.kill("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    browser = await launchChromium();
  } catch (error) {
    await close();
    throw error;
  }
  return { lab, browser, close };
}

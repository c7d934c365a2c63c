import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ImportedAlarms, importAlarms } from "../imported/alarms.ts";
import { readAlarmFile } from "../imported/read-file.ts";

/**
 * Imports the alarms of a file with this content, or with this object as JSON.
 * @param beside the contents of other files in its folder, by name
 */
export function importContent(
  content: unknown,
  beside: Readonly<Record<string, string>> = {},
): ImportedAlarms {
  const folder = mkdtempSync(join(tmpdir(), "cipherwatch-imported-"));
  try {
    const file = join(folder, "file");
    const isText = typeof content === "string" || Buffer.isBuffer(content);
    writeFileSync(file, isText ? content : JSON.stringify(content));
    for (const [name, text] of Object.entries(beside)) writeFileSync(join(folder, name), text);
    return importAlarms(readAlarmFile(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

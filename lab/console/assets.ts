import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

interface Asset {
  readonly content: Buffer;
  readonly type: string;
}

const TYPES = {
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
} as const;

const clientFile = (name: string) => new URL(`client/${name}`, import.meta.url);
const library = (specifier: string) => new URL(import.meta.resolve(specifier));
const fileBeside = (specifier: string, file: string) => new URL(file, library(specifier));

/** The files under `/client/`: those of the folder `client`, and those of two libraries. */
const FILES: Readonly<Record<string, () => URL>> = {
  "console.js": () => clientFile("console.js"),
  "chart.js": () => clientFile("chart.js"),
  "page.js": () => clientFile("page.js"),
  "workbench.js": () => clientFile("workbench.js"),
  "replay.js": () => clientFile("replay.js"),
  "icon.svg": () => clientFile("icon.svg"),
  "idiomorph.js": () => fileBeside("idiomorph", "idiomorph.esm.js"),
  "uplot.js": () => fileBeside("uplot", "uPlot.esm.js"),
};

const STYLES = [
  clientFile("base.css"),
  fileBeside("uplot", "uPlot.min.css"),
  clientFile("panels.css"),
  clientFile("record.css"),
  clientFile("tools.css"),
];

/** The styles of all views. Each page contains them, so that its first paint waits for no other file. */
export const stylesheet = STYLES.map((file) => readFileSync(file, "utf8")).join("\n");

/** The source expression that allows `stylesheet` in a content security policy. */
export const stylesheetHash = `'sha256-${createHash("sha256").update(stylesheet).digest("base64")}'`;

const cache = new Map<string, Asset>();

/** Returns a file of the page by its name; undefined if no file has this name. */
export function clientAsset(name: string): Asset | undefined {
  const cached = cache.get(name);
  if (cached !== undefined || !Object.hasOwn(FILES, name)) return cached;
  const locate = FILES[name];
  if (locate === undefined) return undefined;
  const extension = name.split(".").at(-1) as keyof typeof TYPES;
  const asset = { content: readFileSync(locate()), type: TYPES[extension] };
  cache.set(name, asset);
  return asset;
}

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

const own = (name: string) => new URL(`client/${name}`, import.meta.url);
const library = (specifier: string) => new URL(import.meta.resolve(specifier));
const besides = (specifier: string, file: string) => new URL(file, library(specifier));

/** The files under `/client/`: ours, and those of the two libraries that the page uses. */
const FILES: Readonly<Record<string, () => URL>> = {
  "console.js": () => own("console.js"),
  "chart.js": () => own("chart.js"),
  "page.js": () => own("page.js"),
  "workbench.js": () => own("workbench.js"),
  "replay.js": () => own("replay.js"),
  "icon.svg": () => own("icon.svg"),
  "idiomorph.js": () => besides("idiomorph", "idiomorph.esm.js"),
  "uplot.js": () => besides("uplot", "uPlot.esm.js"),
};

const STYLES = [
  own("base.css"),
  besides("uplot", "uPlot.min.css"),
  own("panels.css"),
  own("record.css"),
  own("tools.css"),
];

/** The styles of all views. They are part of each page: the first view then waits for no further file. */
export const stylesheet = STYLES.map((file) => readFileSync(file, "utf8")).join("\n");

/** Allows `stylesheet` in a content security policy. */
export const stylesheetHash = `'sha256-${createHash("sha256").update(stylesheet).digest("base64")}'`;

const cache = new Map<string, Asset>();

/** Returns a file of the page by its name; undefined if there is none of this name. */
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

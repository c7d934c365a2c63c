import { isTest, type SourceFile } from "./source.ts";

/**
 * Folders from the bottom up, each with the folders that its production code imports.
 * docs/architecture.md shows the same as a diagram.
 */
export const ALLOWED_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  common: [],
  service: [],
  client: ["service"],
  cloudwatch: [],
  terraform: ["cloudwatch"],
  detections: ["common"],
  settings: ["cloudwatch", "common", "detections"],
  stacks: ["cloudwatch", "common", "detections", "settings", "terraform"],
  replay: ["cloudwatch", "common", "detections", "settings", "stacks", "terraform"],
  package: ["cloudwatch", "common", "replay", "settings", "stacks", "terraform"],
  lab: ["cloudwatch", "common", "detections", "settings", "stacks", "terraform"],
  deploy: ["common", "service", "terraform"],
  ".github": ["common", "settings", "terraform"],
  bench: [],
  docs: ["common", "detections"],
  "main.ts": ["common", "settings", "stacks"],
};

/** Modules of Node that perform no I/O. */
const PURE_MODULES: readonly string[] = ["node:util"];

const FOLDERS = Object.keys(ALLOWED_IMPORTS);

/** @returns a sentence for each import that ALLOWED_IMPORTS does not allow */
export function boundaryViolations(sources: readonly SourceFile[]): readonly string[] {
  return sources.flatMap(({ path, imports, packages }) => [
    ...imports.flatMap((imported) => {
      const reason = reasonAgainst(path, imported);
      return reason === undefined ? [] : [`${path} imports ${imported}: ${reason}`];
    }),
    ...(folderOf(path) === "cloudwatch" && !isTest(path) ? packages : [])
      .filter((name) => name.startsWith("node:") && !PURE_MODULES.includes(name))
      .map((name) => `${path} imports ${name}: cloudwatch performs no I/O`),
  ]);
}

function reasonAgainst(path: string, imported: string): string | undefined {
  const [from, to] = [folderOf(path), folderOf(imported)];
  if (!isTest(path) && isTest(imported)) return "production code never imports tests";
  if (from === to || imported === "package.json") return undefined;
  if (from === "service") return "service imports nothing outside itself";
  if (isTest(path)) {
    const isAbove = FOLDERS.includes(from) && FOLDERS.indexOf(to) > FOLDERS.indexOf(from);
    return isAbove ? `${to} is above ${from}` : undefined;
  }
  if (ALLOWED_IMPORTS[from]?.includes(to)) return undefined;
  return `${from} may import ${ALLOWED_IMPORTS[from]?.join(", ") || "nothing outside itself"}`;
}

/** @returns the allowed imports that no production file uses, as arrows of the diagram */
export function unusedArrows(sources: readonly SourceFile[]): readonly string[] {
  const used = new Set(
    sources
      .filter(({ path }) => !isTest(path))
      .flatMap(({ path, imports }) => imports.map((to) => `${folderOf(path)} --> ${folderOf(to)}`)),
  );
  return arrows(ALLOWED_IMPORTS).filter((arrow) => !used.has(arrow));
}

export function arrows(plan: Readonly<Record<string, readonly string[]>>): readonly string[] {
  return Object.entries(plan).flatMap(([from, targets]) =>
    targets.map((to) => `${from} --> ${to}`),
  );
}

/** @returns the first cycle of imports, beginning and ending with the same file; empty if there is none */
export function importCycle(sources: readonly SourceFile[]): readonly string[] {
  const imports = new Map(sources.map((file) => [file.path, file.imports]));
  const done = new Set<string>();
  const follow = (path: string, trail: readonly string[]): readonly string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const next of imports.get(path) ?? []) {
      const cycle = follow(next, [...trail, path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  for (const path of imports.keys()) {
    const cycle = follow(path, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

/** The top-level folder of a path; the path itself for a file at the top. */
function folderOf(path: string): string {
  return path.split("/")[0] ?? path;
}

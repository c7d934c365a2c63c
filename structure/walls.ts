import { isTest, type SourceFile } from "./source.ts";

/**
 * Folders from the bottom up, each with the folders that its production code imports.
 * docs/architecture.md draws the same plan.
 */
export const PLAN: Readonly<Record<string, readonly string[]>> = {
  common: [],
  service: [],
  cloudwatch: [],
  terraform: ["cloudwatch"],
  detections: ["common"],
  settings: ["common", "detections"],
  stacks: ["common", "detections", "settings", "terraform"],
  replay: ["cloudwatch", "common", "detections", "settings", "stacks", "terraform"],
  lab: ["cloudwatch", "common", "detections", "settings", "stacks", "terraform"],
  deploy: ["common", "terraform"],
  ".github": ["common", "settings", "terraform"],
  bench: ["common", "replay"],
  docs: ["detections"],
  "main.ts": ["settings", "stacks"],
};

/** Node's modules that compute and neither read nor write anything outside the process. */
const PURE_MODULES: readonly string[] = ["node:util"];

const FLOORS = Object.keys(PLAN);

/** @returns a sentence for each import that the plan does not allow; empty when it is kept */
export function brokenWalls(sources: readonly SourceFile[]): readonly string[] {
  return sources.flatMap(({ path, imports, packages }) => [
    ...imports.flatMap((imported) => {
      const reason = whyNot(path, imported);
      return reason === undefined ? [] : [`${path} imports ${imported}: ${reason}`];
    }),
    ...(folderOf(path) === "cloudwatch" && !isTest(path) ? packages : [])
      .filter((name) => name.startsWith("node:") && !PURE_MODULES.includes(name))
      .map((name) => `${path} imports ${name}: cloudwatch is pure, without input or output`),
  ]);
}

function whyNot(path: string, imported: string): string | undefined {
  const [from, to] = [folderOf(path), folderOf(imported)];
  if (!isTest(path) && isTest(imported)) return "production code never imports tests";
  if (from === to || imported === "package.json") return undefined;
  if (from === "service") return "service imports nothing outside itself";
  if (isTest(path)) {
    const isAbove = FLOORS.includes(from) && FLOORS.indexOf(to) > FLOORS.indexOf(from);
    return isAbove ? `${to} is above ${from}` : undefined;
  }
  if (PLAN[from]?.includes(to)) return undefined;
  return `${from} may import ${PLAN[from]?.join(", ") || "nothing outside itself"}`;
}

/** @returns arrows of the plan that no production file needs */
export function unusedArrows(sources: readonly SourceFile[]): readonly string[] {
  const used = new Set(
    sources
      .filter(({ path }) => !isTest(path))
      .flatMap(({ path, imports }) => imports.map((to) => `${folderOf(path)} --> ${folderOf(to)}`)),
  );
  return arrows(PLAN).filter((arrow) => !used.has(arrow));
}

export function arrows(plan: Readonly<Record<string, readonly string[]>>): readonly string[] {
  return Object.entries(plan).flatMap(([from, targets]) =>
    targets.map((to) => `${from} --> ${to}`),
  );
}

/** @returns the first circle of files that import each other, closed; empty without one */
export function importCircle(sources: readonly SourceFile[]): readonly string[] {
  const imports = new Map(sources.map((file) => [file.path, file.imports]));
  const done = new Set<string>();
  const follow = (path: string, trail: readonly string[]): readonly string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const next of imports.get(path) ?? []) {
      const circle = follow(next, [...trail, path]);
      if (circle.length > 0) return circle;
    }
    done.add(path);
    return [];
  };
  for (const path of imports.keys()) {
    const circle = follow(path, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

/** The top-level folder of a path; the path itself for a file at the top. */
function folderOf(path: string): string {
  return path.split("/")[0] ?? path;
}

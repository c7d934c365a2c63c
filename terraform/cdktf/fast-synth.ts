import { enableCompileCache } from "node:module";

/** Saves a quarter of a synth; to be called before anything of CDKTF's is imported. */
export function synthFast(): void {
  enableCompileCache();
  Error.prepareStackTrace = writeStack;
}

/**
 * CDKTF has the whole stack written out for each of its tokens, to say in an error where it was made. Of that
 * the line of ours is enough; errors keep theirs.
 */
function writeStack(target: Error, sites: readonly NodeJS.CallSite[]): string {
  const shown = target instanceof Error ? sites : [sites.find(isOurs) ?? "unknown"];
  return [String(target), ...shown].join("\n    at ");
}

function isOurs(site: NodeJS.CallSite): boolean {
  return !site.getFileName()?.includes("node_modules");
}

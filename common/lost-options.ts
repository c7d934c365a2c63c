type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Detects options that npm took for itself because `--` was missing: `npm run replay DIR --json` runs the script
 * with `DIR` only, and with the variable `npm_config_json=true`.
 * @param options the script's options, without the leading `--`
 * @returns an error message, or undefined if none was lost
 */
export function lostOptions(options: readonly string[], env: Variables): string | undefined {
  const script = env.npm_lifecycle_event;
  // `npx` passes on all arguments after the name of the package.
  if (script === undefined || script === "npx") return undefined;
  const lost = options.flatMap((option) => {
    const value = env[`npm_config_${option.replaceAll("-", "_")}`];
    if (value === undefined || value === "") return [];
    return [value === "true" ? `--${option}` : `--${option}=${value}`];
  });
  if (lost.length === 0) return undefined;
  const command = script === "start" ? "npm start" : `npm run ${script}`;
  const those = lost.join(" ");
  return `npm kept ${those} for itself. Put -- before the arguments of the script: ${command} -- … ${those}`;
}

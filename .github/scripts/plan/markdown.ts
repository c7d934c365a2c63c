/** Formats text as inline code, with a delimiter longer than any run of backticks in it. */
export function code(text: string): string {
  const line = text.replace(/\s+/g, " ");
  const ticks = "`".repeat(longestRun(line) + 1);
  const space = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${ticks}${space}${line}${space}${ticks}`;
}

/** Formats text as a code block, with a fence longer than any in the text. */
export function fence(text: string, language = ""): string {
  const ticks = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${ticks}${language}\n${text}\n${ticks}`;
}

/** `a`, `b` and `c` */
export function listOf(names: readonly string[]): string {
  const shown = names.map(code);
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** Formats a collapsed section. */
export function details(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

/** Formats one of GitHub's alerts. */
export function alert(kind: "NOTE" | "WARNING" | "CAUTION", lines: readonly string[]): string {
  return [`[!${kind}]`, ...lines.flatMap((line) => line.split("\n"))]
    .map((line) => `> ${line}`.trimEnd())
    .join("\n");
}

/** Escapes text for HTML. */
export function html(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Escapes characters that are invisible or change the order of others, so that a text reads as what it is. */
export function visible(text: string): string {
  return text.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const hexadecimal = (character.codePointAt(0) ?? 0).toString(16);
    return hexadecimal.length > 4 ? `\\u{${hexadecimal}}` : `\\u${hexadecimal.padStart(4, "0")}`;
  });
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}

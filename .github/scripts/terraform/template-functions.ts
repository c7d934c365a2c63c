/**
 * Finds the functions that the templates of a string call. Terraform evaluates `${…}` and `%{…}` while it
 * plans, and `file("/proc/self/environ")` would print the credentials of the job.
 * https://developer.hashicorp.com/terraform/language/syntax/json#expression-mapping
 * @returns undefined if the templates cannot be read with certainty: comments and heredocs could hide a call
 */
export function calledFunctions(text: string): ReadonlySet<string> | undefined {
  const called = new Set<string>();
  const expressions = expressionsOf(text);
  if (expressions === undefined) return undefined;
  for (const expression of expressions) {
    if (/\/\*|\/\/|#|<</.test(expression)) return undefined;
    for (const [, name = ""] of expression.matchAll(/([\p{L}_][\p{L}\p{N}_:-]*)\s*\(/gu)) {
      if (!KEYWORDS.has(name)) called.add(name);
    }
  }
  return called;
}

/** Words that may stand before a parenthesis without calling it, as in `for x in (…)`. */
const KEYWORDS = new Set(["in", "if"]);

/** Returns the code of all templates without their quoted text; undefined if a template is not closed. */
function expressionsOf(text: string): string[] | undefined {
  const found: string[] = [];
  // Each level is the text of a string, which may contain templates, or the code of a template.
  const levels: { readonly isCode: boolean; braces: number }[] = [{ isCode: false, braces: 0 }];
  let code = "";
  for (let at = 0; at < text.length; at += 1) {
    const level = levels.at(-1);
    if (level === undefined) return undefined;
    const character = text[at] ?? "";
    if (level.isCode) {
      if (character === '"') {
        levels.push({ isCode: false, braces: 0 });
        code += " ";
      } else if (character === "{") level.braces += 1;
      else if (character === "}" && level.braces > 0) level.braces -= 1;
      else if (character === "}") {
        levels.pop();
        found.push(code);
        code = "";
      } else code += character;
      continue;
    }
    if (levels.length > 1 && character === "\\") at += 1;
    else if (levels.length > 1 && character === '"') levels.pop();
    else if (startsTemplate(text, at)) {
      found.push(code);
      code = "";
      levels.push({ isCode: true, braces: 0 });
      at += 1;
    }
  }
  return levels.length === 1 ? found : undefined;
}

/**
 * `$${` and `%%{` are literal text, whatever precedes them: Terraform reads `$$${` as `$` and `$${`. Code that only
 * one of the two readers sees could hide a call from the other.
 */
function startsTemplate(text: string, at: number): boolean {
  const character = text[at];
  if ((character !== "$" && character !== "%") || text[at + 1] !== "{") return false;
  return text[at - 1] !== character;
}

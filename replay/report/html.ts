/** HTML, as opposed to text that must be escaped. */
export interface Html {
  readonly html: string;
}

type Part = Html | string | number | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Template tag that escapes the inserted values, in content and quoted attributes, unless they are `Html`. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { html: strings.map((text, index) => text + render(parts[index] ?? "")).join("") };
}

function render(part: Part): string {
  if (typeof part === "object") return "html" in part ? part.html : part.map(render).join("");
  return String(part).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** Marks trusted text as HTML. */
export function raw(text: string): Html {
  return { html: text };
}

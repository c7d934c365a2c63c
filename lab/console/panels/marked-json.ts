import { html } from "hono/html";
import type { Html } from "./format.ts";

/** Whether a clause is met, by the path of the value that it examines: a JSON array of property names and indexes. */
export type MarkedPaths = ReadonlyMap<string, boolean>;

type Path = readonly (string | number)[];

/** Renders a value as indented JSON, with marks around the values at some paths. */
export function markedJson(value: unknown, marks: MarkedPaths, path: Path = []): Html {
  const content = valueHtml(value, marks, path);
  const met = marks.get(JSON.stringify(path));
  if (met === undefined) return content;
  return met
    ? html`<mark class="met">${content}</mark>`
    : html`<mark class="unmet">${content}</mark>`;
}

function valueHtml(value: unknown, marks: MarkedPaths, path: Path): Html {
  if (typeof value !== "object" || value === null) return html`${JSON.stringify(value)}`;
  const isArray = Array.isArray(value);
  const entries = Object.entries(value);
  const [open, close] = isArray ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) return html`${open}${close}`;
  const indent = "  ".repeat(path.length);
  const members = entries.map(([key, member], index) => {
    const label = isArray ? "" : `${JSON.stringify(key)}: `;
    const comma = index < entries.length - 1 ? "," : "";
    const content = markedJson(member, marks, [...path, isArray ? Number(key) : key]);
    return html`${`\n${indent}  ${label}`}${content}${comma}`;
  });
  return html`${open}${members}${`\n${indent}${close}`}`;
}

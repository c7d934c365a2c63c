import { html, raw } from "hono/html";
import { stylesheet } from "./assets.ts";
import type { Html } from "./panels/format.ts";

export interface LayoutProps {
  readonly title: string;
  readonly path: string;
  readonly token: string;
  /** A file under `/client/`. */
  readonly script: string;
  /** Added to the header. */
  readonly tools?: Html;
  readonly skipTo: { readonly id: string; readonly label: string };
  readonly content: Html;
}

const VIEWS = [
  { path: "/", label: "Console" },
  { path: "/workbench", label: "Filter workbench" },
  { path: "/replay", label: "Replay" },
] as const;

/**
 * Renders the document around a view: the head, the header with links to every view, and the announcer for screen
 * readers. The script comes last, because loading it earlier would delay the first paint.
 */
export function layout(props: LayoutProps): Html {
  const { title, path, token, script, tools, skipTo, content } = props;
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta name="console-token" content="${token}">
  <title>${title}</title>
  <link rel="icon" href="/client/icon.svg">
  <style>${raw(stylesheet)}</style>
</head>
<body>
  <a class="skip" href="#${skipTo.id}">${skipTo.label}</a>
  <header>
    <h1>Cipherwatch <span>lab</span></h1>
    <nav aria-label="Views">${VIEWS.map((view) =>
      view.path === path
        ? html`<a href="${view.path}" aria-current="page">${view.label}</a>`
        : html`<a href="${view.path}">${view.label}</a>`,
    )}</nav>
    ${tools ?? ""}
  </header>
  ${content}
  <p id="announcer" class="visually-hidden" aria-live="polite"></p>
  <script type="module" src="/client/${script}"></script>
</body>
</html>`;
}

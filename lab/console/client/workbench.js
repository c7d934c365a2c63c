// The filter workbench: evaluates the pattern on the server as the user types.
import { Idiomorph } from "./idiomorph.js";
import { announce, element, post } from "./page.js";

const DELAY = 200;
const form = element("workbench");
const { filter, pattern, events, text } = form.elements;
let timer;
let running;

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", ({ target }) => {
  if (target === filter) chooseFilter();
  element("pasted").hidden = events.value !== "pasted";
  clearTimeout(timer);
  timer = setTimeout(evaluate, DELAY);
});
// Evaluate again if the browser restored the fields of an earlier visit.
if (pattern.value !== pattern.defaultValue || events.value === "pasted") {
  element("pasted").hidden = events.value !== "pasted";
  evaluate();
}

function chooseFilter() {
  const [option] = filter.selectedOptions;
  pattern.value = option.dataset.pattern;
  if (events.value.startsWith("examples:")) events.value = `examples:${option.value}`;
}

function selection() {
  const [from, id] = events.value.split(/:(.*)/);
  switch (from) {
    case "examples":
      return { from, detection: id };
    case "record":
      return { from, recordId: id };
    case "pasted":
      return { from, text: text.value };
    default:
      return { from };
  }
}

async function evaluate() {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  try {
    const request = { pattern: pattern.value, events: selection() };
    show(await post("/api/workbench", request, signal));
  } catch (error) {
    if (!signal.aborted) showError(error.message);
  }
}

function show(html) {
  // The server escapes the pattern and every value of the events.
  Idiomorph.morph(element("results"), html, {
    morphStyle: "innerHTML",
    callbacks: { beforeAttributeUpdated: (name) => name !== "open" },
  });
  const isInvalid = element("error-place") !== null;
  pattern.setAttribute("aria-invalid", String(isInvalid));
  announce(element("workbench-summary")?.textContent ?? "");
}

function showError(message) {
  const error = document.createElement("p");
  error.id = "workbench-summary";
  error.className = "summary alert";
  error.textContent = message;
  element("results").replaceChildren(error);
  announce(message);
}

// The console's client: replaces panels as the lab changes, and sends the buttons' actions.
import { Idiomorph } from "./idiomorph.js";
import { announce, element, post } from "./page.js";

const form = element("request");

/** The lab time and speed of the last clock event, and when it arrived by the browser's clock. */
const clock = { now: 0, speed: 0, receivedAt: 0 };
let events;

connect();
setInterval(tick, 100);
document.addEventListener("click", onClick);
element("speed").addEventListener("change", ({ target }) =>
  send({ action: "speed", speed: Number(target.value) }),
);
form.addEventListener("submit", (event) => event.preventDefault());

/** Opens the stream of updates. @param alarm the alarm to chart; default: the one that fired last */
function connect(alarm) {
  events?.close();
  events = new EventSource(
    alarm ? `/api/events?alarm=${encodeURIComponent(alarm)}` : "/api/events",
  );
  events.addEventListener("open", () => showConnection("Live", "live"));
  events.addEventListener("error", () => showConnection("Disconnected; trying again", "lost"));
  events.addEventListener("clock", ({ data }) => setClock(JSON.parse(data)));
  events.addEventListener("panels", ({ data }) => setPanels(JSON.parse(data)));
  // Load the chart library on demand: it is the largest file, and the first view does not need it.
  events.addEventListener("chart", async ({ data }) => {
    const { drawChart } = await import("./chart.js");
    drawChart(JSON.parse(data));
  });
}

function showConnection(text, state) {
  const status = element("connection");
  status.dataset.state = state;
  if (status.textContent !== text) status.textContent = text;
}

function setClock({ now, speed }) {
  Object.assign(clock, { now, speed, receivedAt: performance.now() });
  const isPaused = speed === 0;
  const button = element("pause");
  button.textContent = isPaused ? "Resume" : "Pause";
  button.dataset.action = isPaused ? "resume" : "pause";
  document.body.classList.toggle("paused", isPaused);
  const select = element("speed");
  if (!isPaused && document.activeElement !== select) select.value = String(speed);
}

function setPanels(panels) {
  for (const [id, content] of Object.entries(panels)) {
    const panel = element(id);
    const newestEmail = panel.querySelector(".email")?.id;
    Idiomorph.morph(panel, content, {
      morphStyle: "innerHTML",
      callbacks: { beforeAttributeUpdated },
    });
    const email = panel.querySelector(".email");
    if (email !== null && email.id !== newestEmail) {
      announce(email.querySelector(".email-subject").textContent);
    }
  }
  tick();
}

/** Keeps elements open or closed as the user left them. */
function beforeAttributeUpdated(name) {
  return name !== "open";
}

/** Updates the lab time and the countdowns. */
function tick() {
  if (clock.receivedAt === 0) return;
  const now = clock.now + (performance.now() - clock.receivedAt) * clock.speed;
  element("lab-time").textContent = new Date(now).toISOString().slice(11, 19);
  for (const countdown of document.querySelectorAll(".countdown")) {
    const since = Number(countdown.dataset.since);
    const due = Number(countdown.dataset.due);
    const text = remaining(due - now);
    if (countdown.textContent !== text) countdown.textContent = text;
    const progress = Math.min(1, Math.max(0, (now - since) / Math.max(1, due - since)));
    countdown.closest(".station")?.style.setProperty("--progress", String(progress));
  }
}

function remaining(milliseconds) {
  if (clock.speed === 0) return "paused";
  const seconds = Math.max(0, milliseconds / 1000 / clock.speed);
  return seconds < 10 ? `in ${seconds.toFixed(1)} s` : `in ${Math.ceil(seconds)} s`;
}

function onClick({ target }) {
  const button = target.closest("button");
  if (button === null) return;
  const { action, copy, record, chart } = button.dataset;
  if (action !== undefined) send(actionOf(action));
  if (copy !== undefined) copyText(button, copy);
  if (record !== undefined) openRecord(record);
  if (chart !== undefined) {
    connect(chart);
    element("chart-title").scrollIntoView({ block: "nearest" });
  }
}

function actionOf(action) {
  const { name, text, key, attack } = Object.fromEntries(new FormData(form));
  switch (action) {
    case "encrypt":
      return { action, name, text };
    case "decrypt":
      return { action, name, key };
    case "wrong-key":
      return { action, name };
    case "attack":
      return { action, id: attack };
    case "resume":
      return { action: "speed", speed: Number(element("speed").value) };
    default:
      return { action };
  }
}

async function send(action) {
  const isRequest = ["encrypt", "decrypt", "wrong-key"].includes(action.action);
  try {
    const result = JSON.parse(await post("/api/actions", action));
    if (isRequest) showResult(result);
    else announce(result.title);
  } catch (error) {
    showError(error.message);
  }
}

function showResult({ title, status, body, key }) {
  const output = element("result");
  output.className = status < 400 ? "success" : "failure";
  output.textContent = `${title} → ${status}\n${JSON.stringify(body, null, 2)}`;
  if (key !== undefined) form.elements.key.value = key;
}

function showError(message) {
  const output = element("result");
  output.className = "failure";
  output.textContent = message;
}

async function copyText(button, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select the line to copy it";
  }
  setTimeout(() => {
    button.textContent = "Copy";
  }, 1500);
}

async function openRecord(id) {
  const response = await fetch(`/record/${encodeURIComponent(id)}`);
  // The server escapes every value of the record.
  element("record-content").innerHTML = await response.text();
  element("record").showModal();
}

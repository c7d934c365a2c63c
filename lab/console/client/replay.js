// Replays dropped or chosen files on the lab, and shows the report in a frame without scripts.
import { element, post } from "./page.js";

const form = element("replay-form");
const drop = element("drop");
const { files: input } = form.elements;
const buttons = [...form.querySelectorAll("button")];

form.addEventListener("submit", (event) => event.preventDefault());
for (const button of buttons) {
  button.addEventListener("click", () => replay(button.dataset.replay));
}
for (const type of ["dragenter", "dragover"]) {
  drop.addEventListener(type, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  input.files = event.dataTransfer.files;
  replay("files");
});
// A file dropped beside the area would otherwise replace the page.
for (const type of ["dragover", "drop"]) {
  addEventListener(type, (event) => event.preventDefault());
}

async function replay(source) {
  const body = new FormData(form);
  body.set("source", source);
  if (source === "trail") body.delete("files");
  const files = source === "trail" ? "the lab’s trail" : counted(input.files.length);
  setBusy(true);
  showStatus(`Replaying ${files} on this machine…`, "");
  try {
    const { id } = JSON.parse(await post("/api/replay", body));
    const url = `/replay/reports/${id}`;
    element("report").src = url;
    element("report-link").href = url;
    element("report-panel").hidden = false;
    showStatus(`Replayed ${files}. The report is below.`, "success");
    element("report-title").scrollIntoView({ block: "start" });
  } catch (error) {
    showStatus(error.message, "failure");
  } finally {
    setBusy(false);
  }
}

function counted(files) {
  return files === 1 ? "1 file" : `${files} files`;
}

function setBusy(isBusy) {
  for (const button of buttons) button.disabled = isBusy;
}

function showStatus(text, state) {
  const status = element("replay-status");
  status.className = state;
  status.textContent = text;
}

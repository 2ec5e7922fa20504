// The workbench: a part's files in an editor, run and checked afresh in Python of their own.

import { inWords, manifest, Python } from "../engine/python.js";
import { zip } from "../engine/zip.js";
import { Editor } from "./editor.js";
import { Project } from "./project.js";
import { showCheck, showResponse } from "./show.js";

const $ = (id) => document.getElementById(id);

let told; // the manifest
let project;
let server = null; // runs the project as it was at the last "Run"
let checker = null;
let broken = null; // the mistake that was made on purpose
const editor = new Editor($("editor"), (text) => {
  project.change($("file").value, text);
  showEdited();
});

// The lab in the frame below talks to the same server.
window.workbench = {
  part: () => project.part,
  server: () => server,
};

// ---- Files -----------------------------------------------------------------------------------

function openFile(name) {
  $("file").value = name;
  editor.open(name, project.text(name), project.original(name), $("diff").ariaPressed === "true");
}

function showEdited() {
  // What a check has said is of the files as they were then.
  $("verdicts-title").textContent = $("said").children.length ? "Check, before the last edit" : "Check";
  const count = project.changes.size;
  $("edited").textContent = count
    ? `${count} ${count === 1 ? "file differs" : "files differ"} from the part.`
    : "All files are as the part has them.";
  for (const option of $("file").options) {
    const mark = project.changes.has(option.value) ? "● " : "";
    if (option.textContent !== mark + option.value) option.textContent = mark + option.value;
  }
}

async function openPart(number) {
  stop();
  const part = told.parts[number];
  project = await Project.load(part);
  broken = null;
  $("file").replaceChildren(...project.names.map((name) => new Option(name, name)));
  $("differences")
    .querySelector("ul")
    .replaceChildren(
      ...part.differences.map((words) => Object.assign(document.createElement("li"), { textContent: words })),
    );
  $("path").value = part.protected || part.products || "/admin/login/";
  $("break").hidden = !part.mistakes.length;
  openFile(project.names.find((name) => name.endsWith("/settings.py")) ?? project.names[0]);
  $("said").replaceChildren();
  showEdited();
}

// ---- Run and check -----------------------------------------------------------------------------

const show = (progress) => {
  $("starting").hidden = !progress;
  if (!progress) return;
  $("starting-words").textContent = progress.words;
  if (progress.share === undefined) $("starting-bar").removeAttribute("value");
  else $("starting-bar").value = progress.share;
};

function trouble(words) {
  $("notice").hidden = !words;
  $("trouble").textContent = words;
}

function stop() {
  server?.end();
  checker?.end();
  server = checker = null;
  $("stop").disabled = true;
  $("lab").hidden = true;
  $("lab-frame").removeAttribute("src");
  show(null);
}

// A worker for one purpose; a new one each time, so that nothing is left of an earlier edit.
function start(log) {
  trouble("");
  $("stop").disabled = false;
  show({ words: "Loading …" });
  return new Python({ log, progress: (far) => show(inWords(far)) });
}

function log(line) {
  $("lines").append(`${line}\n`);
}

async function run() {
  stop();
  $("lines").replaceChildren();
  const mine = (server = start(log));
  try {
    const options = { downloads: told.downloads, part: project.part, files: project.edited };
    await mine.call("start", options, 0);
  } catch (error) {
    if (server === mine) explain(error.message);
    return;
  }
  show(null);
  $("response").replaceChildren("The project runs. Send it a request.");
  if (project.part.login) {
    $("lab").hidden = false;
    $("lab-frame").src = "../lab/index.html?shared";
  }
}

// Why a project does not start, once: the last line of the traceback, and the line it names.
function explain(message) {
  stop();
  const lines = message.trim().split("\n");
  trouble(`The project does not start. ${lines.at(-1)}`);
  $("lines").append(`${message}\n`);
  const own = `/parts/${project.part.slug}/`;
  const place = lines.findLast((line) => line.includes(own));
  const found = place?.match(/File "[^"]*\/parts\/[^/]+\/([^"]+)", line (\d+)/);
  if (found && project.files.has(found[1])) {
    openFile(found[1]);
    editor.goTo(Number(found[2]), lines.at(-1));
  }
}

async function check() {
  checker?.end();
  const mine = (checker = start(log));
  try {
    const options = { downloads: told.downloads, part: project.part, files: project.edited };
    const found = await mine.call("check", options, 0);
    showCheck($("said"), found, openCause);
    $("verdicts-title").textContent = "Check";
    if (found.causes.length) openCause(found.causes[0]);
    else if (found.holds && broken) {
      $("said").append(`The mistake was: ${broken.mistake}.`);
      broken = null;
    }
  } catch (error) {
    if (checker === mine) trouble(`The check ended: ${error.message.trim().split("\n").at(-1)}`);
  }
  if (checker !== mine) return;
  mine.end();
  checker = null;
  $("stop").disabled = !server;
  show(null);
}

function openCause({ file, line, said }) {
  if (!project.files.has(file)) return;
  openFile(file);
  if (line) editor.goTo(line, said);
}

// ---- Requests --------------------------------------------------------------------------------

async function send() {
  if (!server?.alive) await run();
  if (!server?.alive) return;
  const headers = $("headers").value.split("\n").filter((line) => line.trim());
  const pairs = headers.map((line) => line.split(/:\s*/, 2).concat("").slice(0, 2));
  const body = $("body").value;
  if (body && !pairs.some(([name]) => name.toLowerCase() === "content-type"))
    pairs.push(["Content-Type", "application/json"]);
  try {
    const response = await server.call("ask", {
      method: $("method").value,
      target: $("path").value,
      headers: pairs,
      body: body ? new TextEncoder().encode(body) : null,
    });
    trouble("");
    showResponse($("response"), response);
  } catch (error) {
    trouble(`No response: ${error.message.trim().split("\n").at(-1)}`);
  }
}

// ---- Mistakes ----------------------------------------------------------------------------------

function breakIt() {
  const { mistakes } = project.part;
  project.reset();
  const number = (mistakes.indexOf(broken) + 1 || Math.floor(Math.random() * mistakes.length)) % mistakes.length;
  broken = mistakes[number];
  project.change(broken.file, project.original(broken.file).replace(broken.old, () => broken.new));
  openFile($("file").value);
  showEdited();
  $("said").replaceChildren(
    `Something is wrong now: mistake ${number + 1} of ${mistakes.length}. Find it: send requests, read the source, or press “Check”.`,
  );
}

// ---- The page ----------------------------------------------------------------------------------

function connect() {
  const onClick = (id, action) => $(id).addEventListener("click", action);
  onClick("run", run);
  onClick("check", check);
  onClick("stop", () => {
    stop();
    trouble("Stopped. “Run” starts the project afresh.");
  });
  onClick("break", breakIt);
  onClick("diff", () => {
    $("diff").ariaPressed = String($("diff").ariaPressed !== "true");
    editor.showDiff($("diff").ariaPressed === "true");
  });
  onClick("reset-file", () => {
    project.reset($("file").value);
    openFile($("file").value);
    showEdited();
  });
  onClick("reset", () => {
    project.reset();
    openFile($("file").value);
    showEdited();
  });
  onClick("export", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(zip(project.all));
    link.download = `${project.part.slug}.zip`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
  $("file").addEventListener("change", () => openFile($("file").value));
  $("part").addEventListener("change", () => openPart($("part").value));
  $("request").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
}

try {
  told = await manifest();
  for (const { part, title } of Object.values(told.parts))
    $("part").append(new Option(`${part} · ${title}`, part));
  const wanted = new URLSearchParams(location.search).get("part");
  const first = Object.values(told.parts).find(({ login }) => login).part;
  $("part").value = told.parts[wanted] ? wanted : first;
  await openPart($("part").value);
  connect();
  document.body.dataset.ready = "true";
} catch (error) {
  trouble(`The workbench cannot be loaded (${error.message}). Is there a network?`);
}

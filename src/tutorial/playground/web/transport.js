// How the page reaches its server: in a worker of this very page, which it brings along.
//
// In the lab that `tutorial lab` serves, another module is in this one's place.

import { Ended, inWords, manifest, Python } from "../engine/python.js";
import { Trouble } from "./trouble.js";

const query = new URLSearchParams(location.search);
const wanted = query.get("part");
// In the workbench, the server is the one that runs the edited project.
const workbench = query.has("shared") ? window.parent.workbench : null;
let told;
let python = null;

// What the page is told: the API, the part, the words. Throws Trouble.
export async function config() {
  if (workbench) return workbench.part();
  try {
    told = await manifest();
  } catch (error) {
    throw new Trouble(`The playground cannot be loaded (${error.message}). Is there a network?`);
  }
  const parts = Object.values(told.parts).filter(({ login }) => login);
  const part = wanted ? parts.find(({ part }) => String(part) === wanted) : parts[0];
  if (!part) throw new Trouble(`There is no part ${wanted} with tokens in this playground.`);
  return part;
}

// Resolves when the server takes requests; `show` is told how far it is until then.
export async function ready(show) {
  if (workbench) {
    python = workbench.server();
    if (!python?.alive) throw new Trouble("The project does not run. Press “Run”.");
  }
  if (python?.alive) return show(null);
  const part = await config();
  python = new Python({ progress: (far) => show(inWords(far)) });
  show({ words: "Loading …" });
  try {
    await python.call("start", { downloads: told.downloads, part }, 0);
  } catch (error) {
    python.end();
    console.warn(error.message); // the whole traceback
    throw new Trouble(`Part ${part.part} could not be started: ${lastLine(error.message)}`);
  }
  show(null);
}

// The server's time, in seconds since 1970, after so many more have passed there.
export async function clock(seconds) {
  try {
    return await python.call("clock", { seconds });
  } catch (error) {
    throw new Trouble(`${lastLine(error.message)} ${AGAIN}`);
  }
}

// Like `fetch`: resolves to a Response, and rejects when there is none.
export async function ask(url, { method, headers = {}, body = null }) {
  const { pathname, search } = new URL(url);
  const request = {
    method,
    target: pathname + search,
    headers: Object.entries(headers),
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
  };
  const response = await python.call("ask", request).catch((error) => {
    console.warn(error.message);
    throw error;
  });
  const { status, reason: statusText, headers: fields, body: content } = response;
  const empty = [101, 204, 205, 304].includes(status);
  return new Response(empty ? null : content, { status, statusText, headers: fields });
}

const AGAIN = "“Try again” restarts it, with the database as it was at first.";
const lastLine = (text) => text.trim().split("\n").at(-1);

export async function whyNoAnswer() {
  try {
    await python.call("clock");
  } catch (error) {
    if (error instanceof Ended) return `${error.message} ${AGAIN}`;
  }
  return "The server in this page gave no answer to this request.";
}

// How the page reaches its server: over the network, from `tutorial lab`.
//
// This file is the whole seam. A page that brings its server along has another one in its
// place, with the same five functions, and shares every other file of the lab.

import { config as known } from "./state.js";
import { Trouble } from "./trouble.js";

const GONE = "The lab itself does not answer. Start it again: tutorial lab";

// What the page is told: the API, the part, the words. Throws Trouble, as `clock` does.
export async function config() {
  return (await fromPage("config.json")).content;
}

// Resolves when the server takes requests; `show` is told how far it is until then.
// This one runs before its page is opened.
export async function ready(show) {
  show(null);
}

// The server's time, in seconds since 1970, after so many more have passed there.
export async function clock(seconds) {
  const moving = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ seconds }),
  };
  const { ok, content } = await fromPage("clock", seconds === undefined ? {} : moving);
  if (!ok) throw new Trouble(`${content.detail} Is the server still running?`);
  return content.now;
}

async function fromPage(path, init) {
  try {
    const response = await fetch(path, init);
    return { ok: response.ok, content: await response.json() };
  } catch {
    throw new Trouble(GONE);
  }
}

// Like `fetch`: resolves to a Response, and rejects when there is none.
export function ask(url, init) {
  const options = { credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(15000) };
  return fetch(url, { ...options, ...init });
}

// To a script, a refusal by CORS and a missing server look the same. A request whose response
// nobody can read ("no-cors") tells them apart.
export async function whyNoAnswer() {
  const { api, clock } = known;
  try {
    await ask(`${api}/`, { mode: "no-cors", signal: AbortSignal.timeout(5000) });
  } catch {
    const again = clock ? ": tutorial lab" : ".";
    return `No answer from ${api}: the server is gone. Start it again${again}`;
  }
  return (
    `${api} is there, but does not allow this page’s origin, so the browser hands over no ` +
    `answer (CORS). Start the server with DJANGO_CORS_ALLOWED_ORIGINS=${location.origin}`
  );
}

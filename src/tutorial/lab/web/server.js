// What goes over the network: requests to the API's server, and to the page's own for the clock.

import { config, configure, serverNow, setServerTime } from "./state.js";

export class Trouble extends Error {}

// What the page's own server says, and the time, again: both may have changed while it was away.
export async function findServer() {
  const before = config?.api;
  try {
    configure(await (await fetch("config.json")).json());
  } catch {
    throw new Trouble("The lab itself does not answer. Start it again: tutorial lab");
  }
  if (before && before !== config.api) {
    throw new Trouble("The server has come back at another address: reload this page.");
  }
  if (config.clock) await askClock();
}

// Learn the server's time, and before that let so many seconds pass there.
export async function askClock(seconds) {
  const moving = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ seconds }),
  };
  let answer, content;
  try {
    answer = await fetch("clock", seconds === undefined ? {} : moving);
    content = await answer.json();
  } catch {
    throw new Trouble("The lab itself does not answer. Start it again: tutorial lab");
  }
  if (!answer.ok) throw new Trouble(`${content.detail} Is the server still running?`);
  setServerTime(content.now);
}

// Resolves to the request with its answer, and to one whose outcome is "none" without any.
// `token` is the one that the request is about; `bearer` the one in its header, if another one.
export async function exchange({
  method,
  path,
  token = null,
  bearer = token,
  header = null,
  note = "",
  body = null,
}) {
  const request = {
    method,
    note,
    token,
    bearer,
    header,
    url: config.api + path,
    at: serverNow(),
    status: 0,
    text: "",
  };
  const headers = {};
  if (header) headers.Authorization = header;
  if (body) headers["Content-Type"] = "application/json";
  try {
    const answer = await fetch(request.url, {
      method,
      headers,
      body: body && JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(15000),
    });
    Object.assign(request, {
      text: await answer.text(),
      status: answer.status,
      title: answer.statusText,
    });
  } catch {
    return { ...request, outcome: "none", title: "No answer" };
  }
  request.outcome = request.status < 400 ? "good" : "bad";
  request.content = parsed(request.text);
  return request;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a page of HTML, for example
  }
}

// To a script, a refusal by CORS and a missing server look the same. A request whose answer
// nobody can read ("no-cors") tells them apart.
export async function whyNoAnswer() {
  try {
    await fetch(`${config.api}/`, {
      mode: "no-cors",
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(5000),
    });
  } catch {
    const again = config.clock ? ": tutorial lab" : ".";
    return `No answer from ${config.api}: the server is gone. Start it again${again}`;
  }
  return (
    `${config.api} is there, but does not allow this page’s origin, so the browser hands over no ` +
    `answer (CORS). Start the server with DJANGO_CORS_ALLOWED_ORIGINS=${location.origin}`
  );
}

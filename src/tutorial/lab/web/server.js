// The server, asked: the facts, the time, and requests with what came back for them.

import { showStarting } from "./show.js";
import { config, configure, serverNow, setServerTime } from "./state.js";
import * as transport from "./transport.js";
import { Trouble } from "./trouble.js";

// Learn the facts and the time, again: both may have changed while the server was away.
export async function findServer() {
  const before = config?.api;
  configure(await transport.config());
  if (before && before !== config.api) {
    throw new Trouble("The server has come back at another URL: reload this page.");
  }
  await transport.ready(showStarting);
  if (config.clock) await askClock();
}

// Learn the server's time, and before that let so many seconds pass there.
export async function askClock(seconds) {
  setServerTime(await transport.clock(seconds));
}

// Resolves to the request with its answer, and to one whose outcome is "none" without any.
// `token` is the one that the request is about; `bearer` the one in its header, if another one.
export async function exchange({
  method,
  path,
  token = null,
  bearer = token,
  header = null,
  shownAs = token, // on the timeline, where that is another
  note = "",
  body = null,
}) {
  const request = {
    method,
    note,
    token,
    shownAs,
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
    const init = { method, headers, body: body && JSON.stringify(body) };
    const answer = await transport.ask(request.url, init);
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

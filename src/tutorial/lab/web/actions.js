// What the buttons do, and the story: each sends one request or moves the clock, and shows it.

import { roughly } from "./durations.js";
import { explain, messageOf } from "./meaning.js";
import { askClock, exchange } from "./server.js";
import {
  emptyLog,
  greet,
  redraw,
  showAnswer,
  showDevices,
  showRequest,
  showTime,
  showTokens,
} from "./show.js";
import {
  beginSession,
  config,
  endSession,
  forgetTokens,
  isAlive,
  keepRequest,
  keepTokens,
  offset,
  retire,
  serverNow,
  session,
} from "./state.js";
import { tamper } from "./token.js";
import { whyNoAnswer } from "./transport.js";
import { Trouble } from "./trouble.js";

// ---- Requests --------------------------------------------------------------------------------

// Send a request, remember and show what came back. Throws Trouble when nothing did.
async function send(what) {
  const request = await exchange(what);
  keepRequest(request);
  showRequest(request);
  showAnswer({ ...request, message: messageOf(request), because: explain(request) });
  redraw();
  if (request.outcome === "none") throw new Trouble(await whyNoAnswer());
  return request;
}

function keep(request, holder) {
  keepTokens(request, holder);
  showTokens();
  redraw();
}

export async function logIn(username, password) {
  const request = await send({
    method: "POST",
    path: config.login,
    note: "username and password",
    body: { username, password },
  });
  if (request.outcome === "good") keep(request);
}

export async function refresh() {
  const token = session.pair.refresh;
  if (!token) return nothingToSend("refresh");
  await refreshWith(token);
}

// What somebody could do who has copied the token before its owner exchanged it.
export async function replay() {
  const token = session.exchanged;
  if (!token) {
    return showAnswer({
      outcome: "time",
      title: "Nothing sent",
      message: "No refresh token has been exchanged for a new one yet.",
      because: "Refresh first.",
    });
  }
  await refreshWith(token);
}

async function refreshWith(token, holder = session.pair) {
  const request = await send({
    method: "POST",
    path: config.refresh,
    token,
    note: `${token.name} in the body${holder === session.thief ? ", by the thief" : ""}`,
    body: { refresh: token.text },
  });
  if (request.outcome !== "good") return showTime();
  if (request.content?.refresh) {
    if (holder === session.pair) session.exchanged = token;
    token.exchangedBy ??= request;
  }
  keep(request, holder);
}

// ---- The thief: a second client, with a copy -------------------------------------------------

export async function steal() {
  const token = session.pair.refresh;
  if (!token) return nothingToSend("refresh");
  session.thief = { access: null, refresh: token };
  showAnswer({
    outcome: "time",
    title: "Copied",
    message: `The thief has a copy of ${token.name}.`,
    because: "No request was sent: neither the server nor the owner has heard of it.",
  });
  showTime();
}

export async function thiefRefresh() {
  const token = session.thief.refresh;
  if (!token) return nothingStolen();
  await refreshWith(token, session.thief);
}

export async function thiefCall() {
  const token = session.thief.access;
  if (!token) return nothingStolen();
  await callWith({ token, text: token.text, note: token.name });
}

function nothingStolen() {
  showAnswer({
    outcome: "time",
    title: "Nothing sent",
    message: "The thief holds no such token.",
    because: "Copy the refresh token, and let the thief refresh.",
  });
}

// ---- Devices -----------------------------------------------------------------------------------

export async function listDevices() {
  const token = session.pair.access;
  if (!token) return nothingToSend("access");
  const path = config.sessions;
  const header = bearing(token);
  const request = await send({ path, method: "GET", token, note: token.name, ...header });
  if (request.outcome === "good") showDevices(request.content.results);
}

export async function endDevice(pk) {
  const token = session.pair.access;
  if (!token) return nothingToSend("access");
  const path = `${config.sessions}${pk}/`;
  const header = bearing(token);
  const request = await send({ path, method: "DELETE", token, note: token.name, ...header });
  if (request.outcome !== "good") return;
  endSession(pk, request);
  showTime();
  redraw();
}

const bearing = (token) => ({ header: `Bearer ${token.text}` });

// Logging out is the server's affair: the page keeps both tokens, to show what is left of them.
export async function logOut() {
  const { access, refresh } = session.pair;
  if (!refresh) return nothingToSend("refresh");
  if (config.sessions) return endSessions(config.logout, [access.payload.sid]);
  const request = await send({
    method: "POST",
    path: config.logout,
    token: refresh,
    bearer: access,
    header: `Bearer ${access.text}`,
    note: `${access.name}, and ${refresh.name} in the body`,
    body: { refresh: refresh.text },
  });
  if (request.outcome !== "good") return;
  retire(refresh, request);
  showTime();
  redraw();
}

export async function logOutEverywhere() {
  const { access } = session.pair;
  if (!access) return nothingToSend("access");
  const user = access.payload.user_id;
  if (config.sessions) {
    const theirs = session.tokens.filter(({ payload }) => payload.user_id === user);
    return endSessions(config.logoutAll, new Set(theirs.map(({ payload }) => payload.sid)));
  }
  const request = await send({
    method: "POST",
    path: config.logoutAll,
    token: access,
    header: `Bearer ${access.text}`,
    note: access.name,
  });
  if (request.outcome !== "good") return;
  for (const token of session.tokens) {
    if (token.type === "refresh" && token.payload.user_id === user && isAlive(token))
      retire(token, request);
  }
  showTime();
  redraw();
}

// The access token says whose session it is; nothing is in the body.
async function endSessions(path, sids) {
  const { access } = session.pair;
  const header = bearing(access);
  const request = await send({ path, method: "POST", token: access, note: access.name, ...header });
  if (request.outcome !== "good") return;
  for (const sid of sids) endSession(sid, request);
  showTime();
  redraw();
}

export async function call() {
  const token = session.pair.access;
  if (!token) return nothingToSend("access");
  await callWith({ token, text: token.text, note: token.name });
}

export async function callTampered() {
  const token = session.pair.access;
  if (!token) return nothingToSend("access");
  const { at, from, to, text } = tamper(token.encoded);
  const note = `${token.name}, character ${at + 1} of its payload changed: ${from} → ${to}`;
  // On the timeline it is a token of its own: the true one has not changed.
  const altered = { ...token, name: `${token.name}, altered`, altered: token };
  await callWith({ token, text, note, shownAs: altered });
}

export const sendBare = () => send({ method: "GET", path: config.protected, note: "no token" });

const callWith = ({ text, ...rest }) =>
  send({ method: "GET", path: config.protected, header: `Bearer ${text}`, ...rest });

function nothingToSend(type) {
  showAnswer({
    outcome: "time",
    title: "Nothing sent",
    message: `There is no ${type} token in this page.`,
    because: "Log in first.",
  });
}

export function forget() {
  forgetTokens();
  showTokens();
  showAnswer({
    outcome: "time",
    title: "Forgotten",
    message: "The page has forgotten its tokens.",
    because:
      "The server has not heard of it: whoever has a copy can use it until its exp." +
      (config.logout ? " “Log out” is what tells the server." : ""),
  });
}

// ---- Time ------------------------------------------------------------------------------------

export async function advance(seconds) {
  await askClock();
  const target = serverNow() + seconds;
  // `exp` is in whole seconds: never stop within two seconds of one, but beyond it.
  const near = session.tokens.find(({ exp }) => Math.abs(exp - target) < 2);
  const before = serverNow();
  await askClock((near ? near.exp + 2 : target) - before);
  const died = session.tokens.filter(
    ({ exp, retired }) => !retired && exp > before && exp <= serverNow(),
  );
  showAnswer({
    outcome: "time",
    title: `+${roughly(seconds)}`,
    message: "Only the server’s clock was moved.",
    because: died.length
      ? `Expired meanwhile: ${died.map(({ name }) => name).join(", ")}. The tokens themselves have not changed.`
      : "No token has expired meanwhile.",
  });
  showTime();
  redraw();
}

// Resolves to true when the access token has expired, to false when that is called off.
export async function untilExpired(calledOff) {
  const token = session.pair.access;
  if (!token) return nothingToSend("access");
  while (isAlive(token) || serverNow() < token.exp + 1) {
    if (calledOff() || session.pair.access !== token) return false;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return true;
}

// ---- From the beginning ------------------------------------------------------------------------

export async function startAgain() {
  beginSession();
  emptyLog();
  showDevices([]);
  showTokens();
  if (config.clock) {
    await askClock();
    if (Math.abs(offset) > 1) await askClock(-offset);
  }
  greet();
  showTime();
  redraw();
}

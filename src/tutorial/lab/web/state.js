// What the page knows: what its own server told it, the time of the API's server, the session.
//
// Tokens live in `session`, a variable of this module, and nowhere else: not in localStorage,
// where every script of this origin could read them for as long as they are valid.

import { decode } from "./token.js";

export let config; // the part, its URLs, the words for it: /config.json

export function configure(facts) {
  config = facts;
}

// ---- Time: the server's, because the server's decides ---------------------------------------

export let offset = 0; // the server's clock less this computer's, in seconds

const here = () => Date.now() / 1000;
export const serverNow = () => here() + offset;
export const isAlive = (token) => token.exp > serverNow();

export function setServerTime(now) {
  offset = now - here();
}

// ---- The session ------------------------------------------------------------------------------

export let session = emptySession();

function emptySession() {
  return {
    pair: { access: null, refresh: null },
    thief: { access: null, refresh: null }, // what a second client holds
    exchanged: null, // the refresh token that rotation last exchanged for a new one
    tokens: [],
    requests: [],
    pairs: 0,
  };
}

export function beginSession() {
  session = emptySession();
}

export function forgetTokens() {
  session.pair = { access: null, refresh: null };
  session.thief = { access: null, refresh: null };
  session.exchanged = null;
}

// Remember the pair that this answer brought. Without rotation there is no new refresh token.
export function keepTokens(request, holder = session.pair) {
  const { content } = request;
  const whose = holder === session.thief ? "thief’s " : "";
  session.pairs += 1;
  for (const type of ["access", "refresh"]) {
    if (!content?.[type]) continue;
    const token = { ...decode(content[type]), type, request };
    token.name = `${whose}${type} ${session.pairs}`;
    token.exp = token.payload.exp;
    token.wasAlive = true;
    holder[type] = token;
    session.tokens.push(token);
    // Without a clock to ask, the server's time is known from the last token that it signed.
    if (!config.clock) setServerTime(token.payload.iat + 0.5);
  }
}

export function keepRequest(request) {
  session.requests.push(request);
  if (isExchanged(request)) retire(request.token, request.token.exchangedBy ?? request);
  if (hasEnded(request)) endSession(request.token.payload.sid, request);
}

// Both tokens of every pair of this session, whoever holds them.
export function endSession(sid, request) {
  for (const token of session.tokens) {
    if (token.payload.sid === sid && isAlive(token)) retire(token, request);
  }
}

// On the blacklist since that request. Told by an answer of the server, never guessed.
export function retire(token, request) {
  token.retired ??= request;
}

const isExchanged = (request) =>
  isBlacklisted(request) || (request.token && request.content?.code === "token_exchanged");

const hasEnded = ({ token, content }) =>
  token && ["session_ended", "token_reused"].includes(content?.code);

export const isBlacklisted = ({ token, status, text }) =>
  token?.type === "refresh" && status >= 400 && text.includes("Token is blacklisted");

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
  session.exchanged = null;
}

// Remember the pair that this answer brought. Without rotation there is no new refresh token.
export function keepTokens(request) {
  const { content } = request;
  session.pairs += 1;
  for (const type of ["access", "refresh"]) {
    if (!content?.[type]) continue;
    const token = { ...decode(content[type]), type, name: `${type} ${session.pairs}`, request };
    token.exp = token.payload.exp;
    token.wasAlive = true;
    session.pair[type] = token;
    session.tokens.push(token);
    // Without a clock to ask, the server's time is known from the last token that it signed.
    if (!config.clock) setServerTime(token.payload.iat + 0.5);
  }
}

export function keepRequest(request) {
  session.requests.push(request);
  if (isBlacklisted(request)) retire(request.token, request.token.exchangedBy ?? request);
}

// On the blacklist since that request. Told by an answer of the server, never guessed.
export function retire(token, request) {
  token.retired ??= request;
}

export const isBlacklisted = ({ token, status, text }) =>
  token?.type === "refresh" && status >= 400 && text.includes("Token is blacklisted");

// What an answer means, in a few words, and what a claim does.

import { config, isAlive, isBlacklisted, session } from "./state.js";

export const claimMeans = (claim) =>
  Object.hasOwn(config.meanings, claim) ? config.meanings[claim] : "a claim of this project";

export function messageOf({ outcome, content, status, url }) {
  if (outcome === "none") return "not even a refusal";
  if (content?.messages?.length) return content.messages[0].message;
  if (content?.detail) return String(content.detail);
  if (typeof content?.count === "number")
    return `${content.count} ${isSessions(url) ? "sessions" : "images"}`;
  if (isSessions(url) && status === 204) return "session ended";
  if (content?.access) return content.refresh ? "a token pair" : "an access token";
  if (isLogout(url)) {
    if (status < 400) return url.endsWith(config.logout) ? "logged out" : "logged out everywhere";
    if (content?.refresh) return [content.refresh].flat().join(" ");
  }
  return status < 400 ? "" : "see the answer below";
}

const isLogout = (url) =>
  Boolean(config.logout) && [config.logout, config.logoutAll].includes(pathOf(url));

const isSessions = (url) => Boolean(config.sessions) && pathOf(url).startsWith(config.sessions);

// Why a server that keeps sessions refuses a token whose exp lies ahead.
const BY_SESSION = {
  token_exchanged:
    "A refresh token is good for one refresh. It was exchanged seconds ago, as when two tabs refresh at once: the session lives on.",
  token_reused:
    "It was exchanged before: two have held it, and nobody can tell which of them is the thief. So the session ends for both.",
  session_ended: "Its exp lies ahead, but its session has ended: only logging in helps.",
};

export const pathOf = (url) => url.slice(config.api.length);

export function explain(request) {
  const { outcome, url, status, token, header, note } = request;
  const to = pathOf(url);
  if (outcome === "none") return "";
  if (isLogout(url)) return explainLogout(request);
  if (outcome === "good") {
    if (isSessions(url))
      return status === 204
        ? "All tokens of that session are refused from now on, the access token too."
        : "One row for each login: which client, since when, and why it ended. No token is in it.";
    if (to === config.login)
      return "A short-lived access token, and a refresh token for when it is gone.";
    if (to === config.refresh) return explainRefresh(request);
    if (token && session.pair.refresh?.retired)
      return "Logging out does not reach it: signature and exp are all that counts, and no list is asked.";
    return token
      ? `The signature fits, ${config.sessions ? "exp is ahead of the server’s clock, and the session has not ended." : "and exp is ahead of the server’s clock."}`
      : "Anyone may see this.";
  }
  if (status === 429)
    return "So many attempts from one IP address look like guessing: the server refuses them all until a minute has passed.";
  if (status !== 401) return "Neither yes nor no: the answer below may tell why.";
  if (to === config.login) return "The server does not say which of the two is wrong, on purpose.";
  if (Object.hasOwn(BY_SESSION, request.content?.code ?? "")) return BY_SESSION[request.content.code];
  if (isBlacklisted(request))
    return token.exchangedBy
      ? "A refresh token is good for one refresh: when it was exchanged, it went on the blacklist. A copy is worth nothing now."
      : "Its exp lies ahead, but it is on the server’s blacklist: only logging in helps.";
  if (to === config.refresh)
    return "This refresh token is of no use any more: only logging in helps.";
  if (!token) return "Nobody said who is asking.";
  if (header !== `Bearer ${token.text}`) return `Sent ${note}. The signature no longer fits.`;
  return isAlive(token)
    ? "The answer below tells why."
    : "The signature fits, but exp lies behind the server’s clock.";
}

function explainRefresh({ token, content }) {
  if (!content?.refresh) return "The refresh token stays the same: this server does not rotate.";
  if (token === session.exchanged && !config.sessions)
    return "It was exchanged before, and still works: whoever has copied it has a pair of their own now.";
  return config.hasBlacklist || config.sessions
    ? "By rotation a new refresh token as well. The old one has had its one refresh: try it again."
    : "By rotation a new refresh token as well. Without a blacklist, the old one still works until its exp.";
}

function explainLogout({ outcome, url, status, token, bearer, content }) {
  if (config.sessions) {
    if (outcome === "good")
      return `${pathOf(url) === config.logout ? "The session has" : "All sessions of the user have"} ended: both tokens are refused from now on.`;
    return BY_SESSION[content?.code] ?? "The answer below may tell why.";
  }
  if (outcome === "good") {
    const ended =
      pathOf(url) === config.logout
        ? `${token.name} is on the server’s blacklist, and refreshes nothing any more.`
        : "All the user’s refresh tokens are on the server’s blacklist, those of other browsers too.";
    return `${ended} What it cannot take back: ${bearer.name} works until its exp, up to five minutes.`;
  }
  if (status === 400 && content?.refresh) return "This session is over already: it ends once.";
  if (status === 401 && !isAlive(bearer))
    return "Logging out needs an access token that has not expired: refresh first.";
  return "The answer below may tell why.";
}

// The token lab. The server decides everything; this page shows what it answered, and when.
//
// Tokens live in `session`, a variable of this module, and nowhere else: not in localStorage,
// where every script of this origin could read them for as long as they are valid.
// Text from the server is only ever set as text (`textContent`, `append`), never as HTML.

import { Story, stepsOf } from "./story.js";
import { drawTimeline } from "./timeline.js";
import { countdown, decode, isTime, meaning, roughly, tamper } from "./token.js";

const $ = (id) => document.getElementById(id);

let config; // what the page's own server says about the API: /config.json
let offset = 0; // the server's clock less this computer's, in seconds
let session = freshSession();
let story;

function freshSession() {
  return {
    pair: { access: null, refresh: null },
    exchanged: null, // the refresh token that rotation last exchanged for a new one
    tokens: [],
    requests: [],
    pairs: 0,
  };
}

// ---- Time: the server's, because the server's decides ---------------------------------------

const here = () => Date.now() / 1000;
const serverNow = () => here() + offset;
const isAlive = (token) => token.exp > serverNow();

async function askClock(seconds) {
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
  offset = content.now - here();
}

// Without a clock to ask, the server's time is known from the last token that it signed.
function learnTimeFrom(token) {
  if (!config.clock) offset = token.payload.iat + 0.5 - here();
}

async function advance(seconds) {
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

// ---- Requests --------------------------------------------------------------------------------

class Trouble extends Error {}

// `token` is the one that the request is about; `bearer` the one in its header, if another one.
async function send({
  method,
  address,
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
    url: config.api + address,
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
    record({ ...request, outcome: "none", title: "No answer" });
    throw new Trouble(await whyNoAnswer());
  }
  request.outcome = request.status < 400 ? "good" : "bad";
  request.content = parsed(request.text);
  return record(request);
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
async function whyNoAnswer() {
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

function record(request) {
  session.requests.push(request);
  if (isBlacklisted(request)) retire(request.token, request.token.exchangedBy ?? request);
  showRequest(request);
  showAnswer({ ...request, message: messageOf(request), because: explain(request) });
  redraw();
  return request;
}

async function logIn(username, password) {
  const request = await send({
    method: "POST",
    address: config.login,
    note: "user name and password",
    body: { username, password },
  });
  if (request.outcome === "good") keep(request);
}

async function refresh() {
  const token = session.pair.refresh;
  if (!token) return nothingToSend("refresh");
  await refreshWith(token);
}

// What somebody could do who has copied the token before its owner exchanged it.
async function replay() {
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

async function refreshWith(token) {
  const request = await send({
    method: "POST",
    address: config.refresh,
    token,
    note: `${token.name} in the body`,
    body: { refresh: token.text },
  });
  if (request.outcome !== "good") return;
  if (request.content?.refresh) {
    session.exchanged = token;
    token.exchangedBy ??= request;
  }
  keep(request);
}

// Logging out is the server's affair: the page keeps both tokens, to show what is left of them.
async function logOut() {
  const { access, refresh } = session.pair;
  if (!refresh) return nothingToSend("refresh");
  const request = await send({
    method: "POST",
    address: config.logout,
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

async function logOutEverywhere() {
  const { access } = session.pair;
  if (!access) return nothingToSend("access");
  const request = await send({
    method: "POST",
    address: config.logoutAll,
    token: access,
    header: `Bearer ${access.text}`,
    note: access.name,
  });
  if (request.outcome !== "good") return;
  const user = access.payload.user_id;
  for (const token of session.tokens) {
    if (token.type === "refresh" && token.payload.user_id === user && isAlive(token))
      retire(token, request);
  }
  showTime();
  redraw();
}

// On the blacklist since that request. Told by an answer of the server, never guessed.
function retire(token, request) {
  token.retired ??= request;
}

const isBlacklisted = ({ token, status, text }) =>
  token?.type === "refresh" && status >= 400 && text.includes("Token is blacklisted");

async function call() {
  const token = session.pair.access;
  if (!token) return nothingToSend("access");
  await callWith({ token, text: token.text, note: token.name });
}

async function callTampered() {
  const token = session.pair.access;
  if (!token) return nothingToSend("access");
  const { at, from, to, text } = tamper(token.encoded);
  const note = `${token.name}, character ${at + 1} of its payload changed: ${from} → ${to}`;
  await callWith({ token, text, note });
}

const sendBare = () => send({ method: "GET", address: config.protected, note: "no token" });

const callWith = ({ token, text, note }) =>
  send({ method: "GET", address: config.protected, token, note, header: `Bearer ${text}` });

// Remember the pair that this answer brought. Without rotation there is no new refresh token.
function keep(request) {
  const { content } = request;
  session.pairs += 1;
  for (const type of ["access", "refresh"]) {
    if (!content?.[type]) continue;
    const token = { ...decode(content[type]), type, name: `${type} ${session.pairs}`, request };
    token.exp = token.payload.exp;
    token.wasAlive = true;
    session.pair[type] = token;
    session.tokens.push(token);
    learnTimeFrom(token);
  }
  showTokens();
  redraw();
}

function nothingToSend(type) {
  showAnswer({
    outcome: "time",
    title: "Nothing sent",
    message: `There is no ${type} token in this page.`,
    because: "Log in first.",
  });
}

function forget() {
  session.pair = { access: null, refresh: null };
  session.exchanged = null;
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

async function startAgain() {
  session = freshSession();
  $("log").replaceChildren();
  showTokens();
  if (config.clock) {
    await askClock();
    if (Math.abs(offset) > 1) await askClock(-offset);
  }
  greet();
  showTime();
  redraw();
}

// Resolves to true when the access token has expired, to false when that is called off.
async function untilExpired(calledOff) {
  const token = session.pair.access;
  if (!token) return nothingToSend("access");
  while (isAlive(token) || serverNow() < token.exp + 1) {
    if (calledOff() || session.pair.access !== token) return false;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return true;
}

// ---- What an answer means --------------------------------------------------------------------

function messageOf({ outcome, content, status, url }) {
  if (outcome === "none") return "not even a refusal";
  if (content?.messages?.length) return content.messages[0].message;
  if (content?.detail) return String(content.detail);
  if (typeof content?.count === "number") return `${content.count} images`;
  if (content?.access) return content.refresh ? "a token pair" : "an access token";
  if (isLogout(url)) {
    if (status < 400) return url.endsWith(config.logout) ? "logged out" : "logged out everywhere";
    if (content?.refresh) return [content.refresh].flat().join(" ");
  }
  return status < 400 ? "" : "see the answer below";
}

const isLogout = (url) =>
  Boolean(config.logout) && [config.logout, config.logoutAll].includes(pathOf(url));

const pathOf = (url) => url.slice(config.api.length);

function explain(request) {
  const { outcome, url, status, token, bearer, header, note, content } = request;
  const to = pathOf(url);
  if (outcome === "none") return "";
  if (isLogout(url)) return explainLogout(request);
  if (outcome === "good") {
    if (to === config.login)
      return "A short-lived access token, and a refresh token for when it is gone.";
    if (to === config.refresh) return explainRefresh(request);
    if (token && session.pair.refresh?.retired)
      return "Logging out does not reach it: signature and exp are all that counts, and no list is asked.";
    return token
      ? "The signature fits, and exp is ahead of the server’s clock."
      : "Anyone may see this.";
  }
  if (status === 429)
    return "So many attempts from one address look like guessing: none is heard until a minute has passed.";
  if (status !== 401) return "Neither yes nor no: the answer below may tell why.";
  if (to === config.login) return "The server does not say which of the two is wrong, on purpose.";
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
  if (token === session.exchanged)
    return "It was exchanged before, and still works: whoever has copied it has a pair of their own now.";
  return config.logout
    ? "By rotation a new refresh token as well. The old one has had its one refresh: try it again."
    : "By rotation a new refresh token as well. Without a blacklist, the old one still works until its exp.";
}

function explainLogout({ outcome, url, status, token, bearer, content }) {
  if (outcome === "good") {
    const ended =
      pathOf(url) === config.logout
        ? `${token.name} is on the server’s blacklist, and refreshes nothing any more.`
        : "All the user’s refresh tokens are on the server’s blacklist, those of other browsers too.";
    return `${ended} What it cannot take back: ${bearer.name} works until its exp, up to five minutes.`;
  }
  if (status === 400 && content?.refresh) return "This session is over already: it ends once.";
  if (status === 401 && !isAlive(bearer))
    return "Who logs out says who they are, with an access token that is alive: refresh first.";
  return "The answer below may tell why.";
}

// ---- Showing ---------------------------------------------------------------------------------

const MARKS = { good: "●", bad: "◆", none: "▲", time: "◷" };

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const timeOf = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });

const dateOf = (seconds) =>
  new Date(seconds * 1000).toLocaleDateString([], {
    day: "numeric",
    month: "short",
    year: "numeric",
  });

function badge({ outcome, status, title }) {
  const mark = element("span", { "aria-hidden": "true" }, MARKS[outcome]);
  const words = [status || "", title].filter(Boolean).join(" ");
  return element("strong", { class: `badge ${outcome}` }, mark, ` ${words}`);
}

function showAnswer({ method, url, message, because, ...rest }) {
  const asked = url ? `${method} ${url.slice(config.api.length)}` : "";
  $("verdict").replaceChildren(
    badge(rest),
    ...(asked ? [element("code", {}, asked)] : []),
    message,
  );
  $("because").textContent = because;
}

function greet() {
  showAnswer({
    outcome: "time",
    title: "Ready",
    message: "Nobody is logged in.",
    because: `GET ${config.protected} is for members: try it without a token first.`,
  });
}

function showRequest(request) {
  const { method, url, note, header, text, status, at } = request;
  const first = element("p", {}, badge(request), element("code", {}, `${method} ${url}`));
  const second = element("p", { class: "aside" }, `${timeOf(at)} · with ${note}`);
  for (const older of $("log").querySelectorAll("details")) older.open = false;
  const item = element("li", { class: request.outcome }, first, second);
  if (header) item.append(element("p", { class: "sent" }, `Authorization: ${header}`));
  if (text) {
    const body = element("pre", {}, parsed(text) ? JSON.stringify(parsed(text), null, 2) : text);
    const folded = element(
      "details",
      {},
      element("summary", {}, `Answer, ${text.length} characters`),
      body,
    );
    folded.open = status >= 400;
    item.append(folded);
  }
  $("log").prepend(item);
}

function showTokens() {
  const { access, refresh } = session.pair;
  $("tokens").replaceChildren(...[access, refresh].filter(Boolean).map(tokenCard));
  showTime();
}

function tokenCard(token) {
  const title = element(
    "h2",
    { id: `${token.type}-title` },
    `${kindOf(token.type)} token, taken apart `,
  );
  title.append(element("span", { class: "aside" }, token.name));
  const signature =
    "Made from the other two with the server’s key. Reading them takes no key; changing them does.";
  return element(
    "section",
    { class: `token ${token.type}`, "aria-labelledby": title.id },
    element("div", {}, title, encoded(token)),
    element(
      "div",
      { class: "decoded" },
      part("header", "Header", claims(token.header)),
      part("payload", "Payload", claims(token.payload)),
      part("signature", "Signature", element("p", { class: "aside" }, signature)),
    ),
  );
}

const kindOf = (type) => (type === "access" ? "Access" : "Refresh");

function encoded({ encoded: { header, payload, signature } }) {
  const piece = (name, content) => element("span", { class: `part ${name}` }, content);
  const pieces = [
    piece("header", header),
    ".",
    piece("payload", payload),
    ".",
    piece("signature", signature),
  ];
  return element("p", { class: "encoded" }, ...pieces);
}

const part = (name, title, content) =>
  element("div", { class: `part ${name}` }, element("h3", {}, title), content);

function claims(object) {
  const list = element("dl");
  for (const [claim, value] of Object.entries(object)) {
    const shown = typeof value === "string" ? value : JSON.stringify(value);
    const local = isTime(claim) ? ` ${timeOf(value)}, ${dateOf(value)} here` : "";
    list.append(
      element(
        "div",
        {},
        element("dt", {}, claim),
        element("dd", { class: "value" }, shown),
        element("dd", { class: "aside" }, meaning(claim) + local),
      ),
    );
  }
  return list;
}

// What changes by itself, four times a second.
function showTime() {
  const ahead = Math.round(offset);
  const known = config?.clock || session.tokens.length > 0;
  const time = known
    ? `${timeOf(serverNow())}, ${dateOf(serverNow())}`
    : "known with the first token";
  setText($("server-time"), time);
  setText(
    $("ahead"),
    Math.abs(ahead) > 5 ? `· ${roughly(Math.abs(ahead))} ${ahead > 0 ? "ahead" : "behind"}` : "",
  );
  for (const type of ["access", "refresh"]) showLife(type, session.pair[type]);
  const died = session.tokens.filter(
    (token) => token.wasAlive && !token.retired && !isAlive(token),
  );
  for (const token of died) token.wasAlive = false;
  if (died.length) {
    $("heard").textContent = `Expired: ${died.map(({ name }) => name).join(", ")}`;
    redraw();
  }
}

function showLife(type, token) {
  const life = $(`${type}-life`);
  const left = token ? token.exp - serverNow() : 0;
  const state = !token ? "none" : left <= 0 ? "expired" : token.retired ? "retired" : "alive";
  const words = {
    none: "none",
    alive: type === "access" && session.pair.refresh?.retired ? "left, logged out or not" : "left",
    expired: `expired ${roughly(-left)} ago`,
    retired: "left, but on the blacklist",
  };
  life.dataset.state = state;
  setText(life.querySelector("[role=timer]"), token ? countdown(left) : "–");
  setText(life.querySelector(".state"), words[state]);
  const full = state === "alive" ? token.exp - token.payload.iat : Infinity;
  life.querySelector("progress").value = left / full;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function redraw() {
  $("empty").hidden = session.requests.length > 0;
  drawTimeline($("timeline"), { ...session, now: serverNow() });
}

// ---- Trouble, said in the page and mended without a reload ------------------------------------

// One thing after the other, however fast somebody clicks. Resolves to whether it was done.
let turn = Promise.resolve();

function inTurn(action) {
  turn = turn.then(async () => {
    try {
      await action();
      $("notice").hidden = true;
      return true;
    } catch (error) {
      if (!(error instanceof Trouble)) console.error(error);
      $("trouble").textContent = error.message;
      $("notice").hidden = false;
      $("retry").onclick = () =>
        inTurn(async () => {
          await findServer();
          await action();
        });
      return false;
    }
  });
  return turn;
}

// The server's address and its time, again: both may have changed while it was away.
async function findServer() {
  const before = config?.api;
  try {
    config = await (await fetch("config.json")).json();
  } catch {
    throw new Trouble("The lab itself does not answer. Start it again: tutorial lab");
  }
  if (before && before !== config.api) {
    throw new Trouble("The server has come back at another address: reload this page.");
  }
  if (config.clock) await askClock();
}

// ---- Buttons and keys --------------------------------------------------------------------------

const lab = {
  sendBare: () => inTurn(sendBare),
  logInAsDemo: () => inTurn(() => logIn(config.username, config.password)),
  call: () => inTurn(call),
  callTampered: () => inTurn(callTampered),
  refresh: () => inTurn(refresh),
  replay: () => inTurn(replay),
  logOut: () => inTurn(logOut),
  advance: (seconds) => inTurn(() => advance(seconds)),
  untilExpired,
};

function connectButtons() {
  const onClick = (id, action) => $(id).addEventListener("click", () => byHand(action));
  onClick("call", call);
  onClick("refresh", refresh);
  onClick("tamper", callTampered);
  onClick("bare", sendBare);
  onClick("replay", replay);
  onClick("log-out", logOut);
  onClick("log-out-all", logOutEverywhere);
  onClick("forget", forget);
  onClick("again", () => {
    story.close();
    return startAgain();
  });
  for (const button of document.querySelectorAll(".time")) {
    button.addEventListener("click", () => byHand(() => advance(Number(button.dataset.seconds))));
  }
  $("log-in").addEventListener("submit", (event) => {
    event.preventDefault();
    byHand(() => logIn($("username").value, $("password").value));
  });
  $("play").addEventListener("click", () => story.toggle({ stepwise: reducedMotion.matches }));
  $("step").addEventListener("click", () => {
    story.pause();
    story.next();
  });
}

// Whoever clicks takes over from the story, which goes on when it is asked to.
function byHand(action) {
  if (story.playing) story.pause();
  inTurn(action);
}

function connectKeys() {
  for (const button of document.querySelectorAll("[data-key]")) {
    const { key } = button.dataset;
    button.setAttribute("aria-keyshortcuts", key);
    button.append(element("kbd", { "aria-hidden": "true" }, key.toUpperCase()));
  }
  document.addEventListener("keydown", (event) => {
    // Letters alone, so that no key of the browser or of a screen reader is taken; and never
    // while somebody is writing. "Shortcut keys" switches them off (WCAG 2.1.4).
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if ($("keys").ariaPressed !== "true" || event.target.matches("input")) return;
    const key = CSS.escape(event.key.toLowerCase());
    const button = document.querySelector(`[data-key="${key}"]`);
    if (button && !button.disabled && !button.hidden) button.click();
  });
}

// The labels of these buttons carry a key's hint; only their words change.
const setLabel = (button, words) => setText(button.firstChild, words);

function showStory({ playing, busy, index, over, captions }) {
  setLabel($("play"), playing ? "Pause" : index === null || over ? "Run the whole story" : "Go on");
  $("step").ariaDisabled = String(busy);
  $("story").dataset.on = String(index !== null);
  setText($("after"), captions[0]);
  setText($("before"), captions[1]);
}

// ---- View --------------------------------------------------------------------------------------

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function connectView() {
  const root = document.documentElement.dataset;
  const toggle = (id, change) =>
    $(id).addEventListener("click", () => {
      $(id).ariaPressed = String($(id).ariaPressed !== "true");
      change($(id).ariaPressed === "true");
    });
  toggle("large", (on) => {
    root.size = on ? "large" : "";
    redraw();
  });
  toggle("dark", (on) => (root.theme = on ? "dark" : "light"));
  toggle("keys", (on) => (root.keys = on ? "" : "off"));
  const follow = () => {
    if (!root.theme) $("dark").ariaPressed = String(prefersDark.matches);
  };
  prefersDark.addEventListener("change", follow);
  follow();
  new ResizeObserver(redraw).observe($("lives"));
  // A computer that slept may have lost its clock.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && config?.clock) inTurn(() => askClock());
  });
}

async function start() {
  await findServer();
  $("part").textContent = `Part ${config.part} · ${config.title}`;
  $("username").value = config.username;
  $("password").value = config.password;
  for (const button of document.querySelectorAll(".time")) button.hidden = !config.clock;
  $("no-clock").hidden = config.clock;
  for (const id of ["log-out", "log-out-all", "at-server", "legend-blacklist"])
    $(id).hidden = !config.logout;
  story = new Story({
    steps: stepsOf(lab, config),
    begin: () => inTurn(startAgain),
    show: showStory,
  });
  showStory(story);
  connectButtons();
  connectKeys();
  greet();
  document.body.dataset.ready = "true";
}

connectView();
showTokens();
setInterval(showTime, 250);
inTurn(start);

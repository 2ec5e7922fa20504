// Showing: the last answer, the log, the tokens, the countdowns, the story's captions.
//
// Text from the server is only ever set as text (`textContent`, `append`), never as HTML.

import { countdown, roughly } from "./durations.js";
import { claimMeans, pathOf } from "./meaning.js";
import { config, isAlive, offset, serverNow, session } from "./state.js";
import { drawTimeline } from "./timeline.js";
import { isTime } from "./token.js";

export const $ = (id) => document.getElementById(id);

const MARKS = { good: "●", bad: "◆", none: "▲", time: "◷" };

export function element(name, attributes = {}, ...children) {
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

// How far the server's start is: what it does, and how much of it is done; null when it is ready.
export function showStarting(progress) {
  $("starting").hidden = !progress;
  for (const part of document.querySelectorAll("#story, .columns")) part.inert = Boolean(progress);
  if (!progress) return;
  setText($("starting-words"), progress.words);
  if (progress.share === undefined) $("starting-bar").removeAttribute("value");
  else $("starting-bar").value = progress.share;
}

export function showAnswer({ method, url, message, because, ...rest }) {
  const asked = url ? `${method} ${pathOf(url)}` : "";
  $("verdict").replaceChildren(
    badge(rest),
    ...(asked ? [element("code", {}, asked)] : []),
    message,
  );
  $("because").textContent = because;
}

export function greet() {
  showAnswer({
    outcome: "time",
    title: "Ready",
    message: "Nobody is logged in.",
    because: `GET ${config.protected} is for members: try it without a token first.`,
  });
}

export function showRequest(request) {
  const { method, url, note, header, text, content, status, at } = request;
  const first = element("p", {}, badge(request), element("code", {}, `${method} ${url}`));
  const second = element("p", { class: "aside" }, `${timeOf(at)} · with ${note}`);
  for (const older of $("log").querySelectorAll("details")) older.open = false;
  const item = element("li", { class: request.outcome }, first, second);
  if (header) item.append(element("p", { class: "sent" }, `Authorization: ${header}`));
  if (text) {
    const body = element("pre", {}, content ? JSON.stringify(content, null, 2) : text);
    const folded = element(
      "details",
      {},
      element("summary", {}, `Response, ${text.length} characters`),
      body,
    );
    folded.open = status >= 400;
    item.append(folded);
  }
  $("log").prepend(item);
}

export function emptyLog() {
  $("log").replaceChildren();
}

export function showTokens() {
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
  const coloured = (name, text) => element("span", { class: `part ${name}` }, text);
  return element(
    "p",
    { class: "encoded" },
    coloured("header", header),
    ".",
    coloured("payload", payload),
    ".",
    coloured("signature", signature),
  );
}

const part = (name, title, content) =>
  element("div", { class: `part ${name}` }, element("h3", {}, title), content);

function claims(object) {
  const list = element("dl");
  for (const [claim, value] of Object.entries(object)) {
    const shown = typeof value === "string" ? value : JSON.stringify(value);
    const local = isTime(claim) ? `: ${timeOf(value)}, ${dateOf(value)} here` : "";
    list.append(
      element(
        "div",
        {},
        element("dt", {}, claim),
        element("dd", { class: "value" }, shown),
        element("dd", { class: "aside" }, claimMeans(claim) + local),
      ),
    );
  }
  return list;
}

// What changes by itself, four times a second.
export function showTime() {
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
  for (const type of ["access", "refresh"]) {
    showLife(`${type}-life`, type, session.pair);
    showLife(`thief-${type}-life`, type, session.thief);
  }
  const died = session.tokens.filter(
    (token) => token.wasAlive && !token.retired && !isAlive(token),
  );
  for (const token of died) token.wasAlive = false;
  if (died.length) {
    $("heard").textContent = `Expired: ${died.map(({ name }) => name).join(", ")}`;
    redraw();
  }
}

function showLife(id, type, pair) {
  const life = $(id);
  const token = pair[type];
  const left = token ? token.exp - serverNow() : 0;
  const state = !token ? "none" : left <= 0 ? "expired" : token.retired ? "retired" : "alive";
  const words = {
    none: "none",
    alive: type === "access" && pair.refresh?.retired ? "left, logged out or not" : "left",
    expired: `expired ${roughly(-left)} ago`,
    retired: config?.sessions ? "left, and refused" : "left, but on the blacklist",
  };
  life.dataset.state = state;
  setText(life.querySelector("[role=timer]"), token ? countdown(left) : "–");
  setText(life.querySelector(".state"), words[state]);
  const full = state === "alive" ? token.exp - token.payload.iat : Infinity;
  life.querySelector("progress").value = left / full;
}

let devicesEnd = null;

// What the server says of one's sessions; `onEnd` is told of a click on "End".
export function showDevices(sessions, onEnd = devicesEnd) {
  devicesEnd = onEnd;
  $("devices").replaceChildren(...sessions.map((each) => deviceRow(each, onEnd)));
  $("device-table").hidden = !sessions.length;
}

function deviceRow({ pk, client, created, current, ended, reason }, onEnd) {
  const since = timeOf(Date.parse(created) / 1000);
  const state = ended ? `ended: ${reason}` : current ? "this one" : "goes on";
  const end = element("button", { type: "button", "aria-label": `End ${client}` }, "End");
  end.addEventListener("click", () => onEnd(pk));
  return element(
    "tr",
    { "data-state": ended ? "ended" : "alive" },
    element("td", {}, client),
    element("td", {}, since),
    element("td", {}, state),
    element("td", {}, ...(ended ? [] : [end])),
  );
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function redraw() {
  $("empty").hidden = session.requests.length > 0;
  drawTimeline($("timeline"), { ...session, now: serverNow() });
}

// The labels of these buttons carry a key's hint; only their words change.
const setLabel = (button, words) => setText(button.firstChild, words);

let predicted = null;

// `onPredict` is told of a choice, before the response is there.
export function showStory(story, onPredict = predicted) {
  predicted = onPredict;
  const { playing, busy, index, over, captions, question, told, pace } = story;
  setLabel($("play"), playing ? "Pause" : index === null || over ? "Run the whole story" : "Go on");
  $("step").ariaDisabled = String(busy);
  $("story").dataset.on = String(index !== null);
  setText($("told"), told ? `${told.right ? "✓" : "✗"} Predicted ${told.choice}. ` : "");
  $("told").className = told?.right ? "good" : "bad";
  setText($("seen"), captions[0]);
  setText($("before"), captions[1]);
  setText($("question"), question?.ask ?? "");
  showChoices(pace === null ? (question?.choices ?? []) : [], story.prediction);
  redraw(); // in the height that is left
}

function showChoices(choices, chosen) {
  const buttons = [...$("predict").querySelectorAll("button")];
  $("predict").hidden = !choices.length;
  if (buttons.map((button) => button.value).join() !== choices.join()) {
    for (const button of buttons) button.remove();
    $("predict").append(...choices.map(choiceButton));
  }
  for (const button of $("predict").querySelectorAll("button"))
    button.ariaPressed = String(button.value === chosen);
}

function choiceButton(choice) {
  const button = element("button", { type: "button", value: choice }, choice);
  button.addEventListener("click", () => predicted(choice));
  return button;
}

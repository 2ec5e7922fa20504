// The token lab. The server decides everything; this page shows what it answered, and when.

import {
  advance,
  call,
  callTampered,
  endDevice,
  forget,
  listDevices,
  logIn,
  logOut,
  logOutEverywhere,
  refresh,
  replay,
  sendBare,
  startAgain,
  steal,
  thiefCall,
  thiefRefresh,
  untilExpired,
} from "./actions.js";
import { askClock, findServer } from "./server.js";
import {
  $,
  element,
  greet,
  redraw,
  showDevices,
  showStory,
  showTime,
  showTokens,
} from "./show.js";
import { config, session } from "./state.js";
import { Story, stepsOf } from "./story.js";
import { Trouble } from "./trouble.js";

let story;

// ---- Trouble, said in the page and fixed without a reload -------------------------------------

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

// ---- Buttons and keys --------------------------------------------------------------------------

const lab = {
  sendBare: () => inTurn(sendBare),
  logInAsDemo: () => inTurn(() => logIn(config.username, config.password)),
  call: () => inTurn(call),
  callTampered: () => inTurn(callTampered),
  refresh: () => inTurn(refresh),
  replay: () => inTurn(replay),
  steal: () => inTurn(() => steal().then(thiefRefresh)),
  thiefRefresh: () => inTurn(thiefRefresh),
  thiefCall: () => inTurn(thiefCall),
  listDevices: () => inTurn(listDevices),
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
  onClick("steal", steal);
  onClick("thief-refresh", thiefRefresh);
  onClick("thief-call", thiefCall);
  onClick("list-devices", listDevices);
  showDevices([], (pk) => byHand(() => endDevice(pk).then(listDevices)));
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
  showStory(story, (choice) => story.predict(choice));
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
  toggle("present", (on) => {
    root.present = on ? "on" : "";
    redraw();
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
  addEventListener("resize", redraw); // the height counts too, in large type
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
  for (const id of ["thief", "thief-access-life", "thief-refresh-life", "device-list"])
    $(id).hidden = !config.sessions;
  if (config.sessions) {
    $("at-server").textContent = "At the server, which ends the session: both tokens are refused.";
    $("legend-blacklist").textContent = "· a hollow bar: refused, before its exp";
  }
  $("differences").hidden = !config.differences;
  $("differences")
    .querySelector("ul")
    .replaceChildren(...(config.differences ?? []).map((each) => element("li", {}, each)));
  const steps = stepsOf(lab, config);
  const begin = () => inTurn(startAgain);
  const requests = () => session.requests;
  const whole = new Story({ steps, begin, requests, show: showStory });
  story = whole;
  connectButtons();
  connectKeys();
  greet();
  document.body.dataset.ready = "true";
  if (location.hash === "#expire") {
    story = new Story({
      steps: steps.filter(({ brief }) => brief),
      begin,
      requests,
      pace: 900, // too fast to predict anything
      end: "There is more to ask: run the whole story, or press any button.",
      show(brief) {
        showStory(brief);
        if (brief.over) story = whole;
      },
    });
    story.toggle({ stepwise: reducedMotion.matches });
  }
}

connectView();
showTokens();
setInterval(showTime, 250);
inTurn(start);

// The login of this browser. The refresh token is in a cookie that only the browser itself reads
// and sends; the access token is in this module, and in nothing that outlives the page.

// By the name that this page has: a cookie of localhost is none of 127.0.0.1.
const API = `http://${location.hostname}:8000`;
const SPARE = 10; // seconds: a request takes its time, too

let access = null; // the access token,
let expires = 0; // and until when it is good, by the clock that performance.now() reads

// All tabs share the cookie, so one of them at a time exchanges what is in it.
const alone = (work) => navigator.locks.request("refresh", work);
// And they tell each other when somebody has logged in or out.
const tabs = new BroadcastChannel("session");
tabs.onmessage = async ({ data }) => {
  if (data === "login") await refresh().catch(() => {});
  else forget();
  changed();
};

let changed = () => {};
/** Call this function whenever somebody has logged in or out, here or in another tab. */
export const onChange = (listener) => (changed = listener);

/** Who is logged in: a user name, or null. */
export function username() {
  if (!access) return null;
  const payload = access.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(payload), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)).username;
}

/** An error with what a person should know, and the response's status and code, if there is one. */
function failure(status, body) {
  const words = body?.detail ?? Object.values(body ?? {}).flat().join(" ");
  const error = new Error(words || `The server answered with ${status}.`);
  return Object.assign(error, { status, code: body?.code });
}

async function send(path, { method = "GET", json, headers = {}, ...options } = {}) {
  if (json) {
    options.body = JSON.stringify(json);
    headers = { ...headers, "Content-Type": "application/json" };
  }
  const response = await fetch(new URL(path, API), { method, headers, ...options }).catch(() => {
    throw failure(0, { detail: "The server cannot be reached. Try again." });
  });
  const isJSON = response.headers.get("Content-Type")?.includes("json");
  const body = isJSON ? await response.json() : null;
  if (!response.ok) throw failure(response.status, body);
  return body;
}

// To the endpoints that the cookie goes to. `keepalive`: leaving the page must not cut off a
// response that brings a new one.
const sendCookie = (action, json = {}) =>
  send(`/auth/browser/${action}/`, {
    method: "POST",
    json,
    credentials: "include",
    keepalive: true,
  });

// The server says how long a token is good, and this clock how long ago that was. Whether the
// computer knows what time it is does not matter.
function keep({ access: token, expires_in: lifetime }, asked) {
  access = token;
  expires = asked + lifetime * 1000;
}

function forget() {
  access = null;
}

/** Log in, in every tab. Throws an error with a message to show, as all of these do. */
export async function login(username, password) {
  await alone(async () => {
    const asked = performance.now();
    keep(await sendCookie("login", { username, password }), asked);
  });
  tabs.postMessage("login");
  changed();
}

/** Log out, in every tab. */
export async function logout() {
  await alone(() => sendCookie("logout"));
  forget();
  tabs.postMessage("logout");
  changed();
}

/** Get a new access token for the cookie. The error's status is 401 when nobody is logged in. */
export async function refresh() {
  const old = access;
  await alone(async () => {
    if (access !== old && performance.now() < expires) return; // somebody was quicker
    await exchange();
  }).catch((error) => {
    if (error.status === 401) forget();
    throw error;
  });
}

async function exchange(patience = 5) {
  const asked = performance.now();
  try {
    keep(await sendCookie("refresh"), asked);
  } catch (error) {
    // A page that was just left has exchanged it, and its response is still on the way.
    if (error.code !== "token_exchanged" || !patience) throw error;
    await new Promise((resume) => setTimeout(resume, 1000));
    await exchange(patience - 1);
  }
}

/** Send a request to the API, with the access token if there is one. Returns the JSON. */
export async function request(path, options = {}) {
  const withToken = () =>
    send(path, access ? { ...options, headers: { Authorization: `Bearer ${access}` } } : options);
  const was = access;
  try {
    if (access && performance.now() > expires - SPARE * 1000) await refresh();
    return await withToken();
  } catch (error) {
    // Once: the session may have ended, or this computer was asleep and the clock with it.
    if (error.status !== 401 || !access) throw error;
    await refresh();
    return await withToken();
  } finally {
    if (was && !access) changed();
  }
}

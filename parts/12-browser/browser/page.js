// What is on the page. Texts from the API are set as text, never as HTML.

import { login, logout, onChange, refresh, request, username } from "./session.js";

const find = (selector, within = document) => within.querySelector(selector);
const say = (text) => (find("#status").textContent = text);
const day = (time) => new Date(time).toLocaleString();

/** Copy a template, and fill in its texts by their class. */
function copy(name, texts) {
  const element = find(`#${name}-template`).content.firstElementChild.cloneNode(true);
  for (const [field, text] of Object.entries(texts)) find(`.${field}`, element).textContent = text;
  return element;
}

/** Do something that needs the API, and say what went wrong. Returns whether it went well. */
async function attempt(work) {
  try {
    say("");
    await work();
    return true;
  } catch (error) {
    say(error.message);
    return false;
  }
}

/** Let a form, when it is sent, do this with its values. */
function onSubmit(form, work) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = find("button", form);
    button.disabled = true; // once is enough
    if (await attempt(() => work(Object.fromEntries(new FormData(form))))) form.reset();
    button.disabled = false;
  });
}

// Products, for everyone

async function showProducts(path) {
  const { results, next } = await request(path);
  find("#products").append(...results.map(productItem));
  find("#more").hidden = !next;
  find("#more").onclick = () => attempt(() => showProducts(next));
  showWhoIsIn();
}

function productItem({ pk, name, content }) {
  const item = copy("product", { name, content, "product-name": ` on ${name}` });
  const [comments, form] = [find(".comments", item), find("form", item)];
  const showComments = async () => {
    const product = await request(`/product/${pk}/?expand=comments,comments.user`);
    comments.replaceChildren(...product.comments.map(commentItem));
  };
  find("details", item).addEventListener("toggle", ({ target }) => {
    if (target.open) attempt(showComments);
  });
  onSubmit(form, async (comment) => {
    await request("/comment/", { method: "POST", json: { product: pk, ...comment } });
    await showComments();
    say("Your comment is there for all to read.");
  });
  return item;
}

function commentItem({ title, content, user, created }) {
  return copy("comment", { title, content, by: `${user.username}, ${day(created)}` });
}

// Pictures and devices, for members

async function showPictures() {
  const { results } = await request("/image/");
  find("#pictures").replaceChildren(...results.map(pictureItem));
}

function pictureItem({ name, renditions }) {
  const item = copy("picture", { name });
  Object.assign(find("img", item), { src: renditions[400], alt: "" }); // its caption says it
  return item;
}

async function showDevices() {
  const { results } = await request("/auth/sessions/");
  find("#devices").replaceChildren(...results.map(deviceItem));
}

function deviceItem({ pk, client, created, last_used, ended, reason, current }) {
  const since = `since ${day(created)}, last used ${day(last_used)}`;
  const state = ended ? `ended ${day(ended)}: ${reason.replaceAll("_", " ")}` : since;
  const texts = { client: client || "An unknown client", which: ` of ${client}, ${since}` };
  const item = copy("device", { ...texts, state: current ? `This one, ${state}` : state });
  const button = find("button", item);
  button.hidden = ended || current;
  button.onclick = () =>
    attempt(async () => {
      await request(`/auth/sessions/${pk}/`, { method: "DELETE" });
      await showDevices();
      find("#devices-heading").focus();
      say("The session has ended.");
    });
  return item;
}

// Who is logged in

function showWhoIsIn() {
  const name = username();
  find("#login").hidden = Boolean(name);
  find("#member").hidden = !name;
  find("#member .username").textContent = name ?? "";
  for (const element of document.querySelectorAll(".for-members")) element.hidden = !name;
}

async function showMembersPart() {
  showWhoIsIn();
  for (const list of document.querySelectorAll("#pictures, #devices")) list.replaceChildren();
  if (username()) await attempt(() => Promise.all([showPictures(), showDevices()]));
}

onChange(showMembersPart);

onSubmit(find("#login"), async ({ username, password }) => {
  await login(username, password);
  find("#logout").focus();
});

find("#logout").onclick = () =>
  attempt(async () => {
    await logout();
    find("#login input").focus();
    say("You are logged out, in every tab.");
  });

// The page begins: perhaps this browser is logged in already.

async function start() {
  const reached = await attempt(async () => {
    await refresh().catch((error) => {
      if (error.status !== 401) throw error;
    });
    if (!find("#products").children.length) await showProducts("/product/");
  });
  find("#again").hidden = reached;
  if (reached) await showMembersPart();
}

find("#again").onclick = start;
start();

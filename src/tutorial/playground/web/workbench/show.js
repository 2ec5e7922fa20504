// What a check found, in the checker's own words, and a response, with its JSON in colour.
// Text of the project is only ever set as text.

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function showCheck(place, found, open) {
  const parts = [];
  for (const [i, cause] of found.causes.slice(0, 3).entries()) {
    const { file, line, code, seen, said, todo } = cause;
    const where = file ? `${file}${line ? `, line ${line}` : ""}` : "Before anything else";
    const button = element("button", { type: "button" }, where);
    button.addEventListener("click", () => open(cause));
    const shown = element("div", { class: "cause" }, element("h3", {}, i ? "Then: " : "✗ ", button));
    if (code) shown.append(element("pre", {}, code));
    if (seen && !said.startsWith(seen)) shown.append(element("p", {}, seen));
    shown.append(element("p", {}, said), element("p", {}, element("strong", {}, `→ ${todo}`)));
    parts.push(shown);
  }
  if (!found.holds && !found.causes.length) parts.push(element("p", {}, found.words));
  if (found.holds) parts.push(element("p", { class: "all-hold" }, `✓ ${found.held} promises hold.`));
  if (found.elsewhere)
    parts.push(
      element(
        "p",
        { class: "aside" },
        `${found.elsewhere} more need a computer: tutorial check ${found.part} FILE.zip`,
      ),
    );
  if (found.broken) parts.push(element("pre", {}, found.broken));
  const all = element("details", {}, element("summary", {}, "As `tutorial check` prints it"));
  all.append(element("pre", { tabindex: "0" }, found.words));
  place.replaceChildren(...parts, all);
}

export function showResponse(place, { status, reason, headers, body }) {
  const outcome = status < 400 ? "good" : "bad";
  const mark = status < 400 ? "●" : "◆";
  const badge = element("strong", { class: `badge ${outcome}` }, `${mark} ${status} ${reason}`);
  const fields = element("pre", { tabindex: "0" });
  for (const [name, value] of headers)
    fields.append(element("span", { class: "header-name" }, name), `: ${value}\n`);
  const text = new TextDecoder().decode(body);
  const content = element("pre", { tabindex: "0" });
  let json;
  try {
    json = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    content.append(text.slice(0, 20_000));
  }
  if (json) content.append(...inColour(json));
  const head = element("details", {}, element("summary", {}, `${headers.length} headers`), fields);
  place.replaceChildren(element("p", {}, badge), head, content);
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function* inColour(json) {
  let at = 0;
  for (const found of json.matchAll(TOKEN)) {
    const [all, string, colon] = found;
    yield json.slice(at, found.index);
    const kind = colon ? "key" : string ? "string" : "number";
    yield element("span", { class: kind }, string ?? all);
    if (colon) yield colon;
    at = found.index + all.length;
  }
  yield json.slice(at);
}

// Python in a worker, with one project: loaded once, asked until the worker is ended.
//
// In: {id, call, ...}. Out: {id, value} or {id, error}; {progress}, {log}; and {dead} when the
// interpreter is beyond help.

import { unzip } from "./zip.js";

// The server's clock less this computer's, in milliseconds. Python's clock asks this Date: it
// has to be in place before Python is loaded. The page's own stays as it is.
let ahead = 0;
let stopped = null; // the moment at which it stands, if it does
const dateNow = Date.now.bind(Date);
Date.now = () => stopped ?? dateNow() + ahead;

const here = (name) => new URL(name, self.location).href;

// ---- Downloads -------------------------------------------------------------------------------

// Fetch these files, which are {file, size}, and tell how much has come. Resolves to nothing:
// each has a promise of its own, a Response without the compression.
function download(files) {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let come = 0;
  return files.map(async ({ file }) => {
    const response = await fetch(here(file));
    if (!response.ok) throw new Error(`${file} cannot be loaded: ${response.status}`);
    const counting = new TransformStream({
      transform(chunk, stream) {
        come += chunk.length;
        postMessage({ progress: { come, total } });
        stream.enqueue(chunk);
      },
    });
    const plain = response.body.pipeThrough(counting).pipeThrough(new DecompressionStream("gzip"));
    return new Response(plain);
  });
}

const bytesOf = async (response) => new Uint8Array(await (await response).arrayBuffer());

// ---- Python ----------------------------------------------------------------------------------

let python;
let server;

async function load({ downloads, packages, projects }) {
  const { wasm, library } = downloads;
  const files = [...packages.map((name) => [downloads[name], packageFolder(name)]), ...projects];
  const [core, lib, ...rest] = download([wasm, library, ...files.map(([file]) => file)]);
  const archives = rest.map(bytesOf);
  for (const each of archives) each.catch(() => {}); // said when it is awaited
  const [{ loadPyodide }, { pbkdf2 }] = await Promise.all([
    import("./pyodide.mjs"),
    import("./pbkdf2.js"),
  ]);
  // Pyodide asks for its two files by their usual names, and gets those that are here.
  const given = {
    [here("pyodide.asm.wasm")]: async () =>
      new Response((await core).body, { headers: { "Content-Type": "application/wasm" } }),
    [here("library.zip")]: () => lib,
  };
  const network = self.fetch;
  self.fetch = (url, init) => given[new URL(url, self.location).href]?.() ?? network(url, init);
  python = await loadPyodide({
    indexURL: here("./"),
    stdLibURL: here("library.zip"),
    lockFileContents: { info: downloads.abi, packages: {} }, // it could load more: there is none
    stdout: (line) => postMessage({ log: line }),
    stderr: (line) => postMessage({ log: line }),
  });
  postMessage({ progress: { stage: "django" } });
  for (const [i, [, folder]] of files.entries()) unpack(await archives[i], folder);
  python.runPython(`
    import importlib, sys
    importlib.invalidate_caches()
    sys.path.insert(0, "/repo/src")
  `);
  const missing = python.pyimport("tutorial.playground.inside.missing");
  missing.supply.callKwargs({
    derive(password, salt, iterations, length) {
      const derived = pbkdf2(password.toJs(), salt.toJs(), iterations, length);
      return python.toPy(derived).tobytes();
    },
  });
}

// In the files' own bytes, without a copy; Python's zipfile would take half a second longer.
function unpack(archive, folder) {
  const made = new Set();
  for (const [name, bytes] of unzip(archive)) {
    const path = `${folder === "/" ? "" : folder}/${name}`;
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (!made.has(parent)) python.FS.mkdirTree(parent);
    made.add(parent);
    python.FS.writeFile(path, bytes, { canOwn: true });
  }
}

const packageFolder = (name) =>
  ["tutorial", "checks"].includes(name) ? "/repo" : "/lib/python3.14/site-packages";

const calls = {
  // Load a part and its server. `part` is what the manifest says of it.
  async start({ downloads, part, files = {} }) {
    await load({
      downloads,
      packages: ["site", "tutorial"],
      projects: [
        [part.project, "/repo"],
        [part.state, "/"],
      ],
    });
    const project = `/repo/parts/${part.slug}`;
    write(project, files);
    const { start } = python.pyimport("tutorial.playground.inside.server");
    server = start.callKwargs(project, "/state", { edited: Object.keys(files).length > 0 });
    calls.ask({ method: "GET", target: part.products || "/admin/login/", headers: [] });
  },

  // {method, target, headers: [[name, value]], body: Uint8Array} to a response of the same kind.
  ask({ method, target, headers, body }) {
    const sent = python.toPy([headers, body ?? new Uint8Array()]);
    const answer = server.ask(method, target, sent.get(0), sent.get(1));
    sent.destroy();
    const [status, reason, names, content] = answer.toJs();
    answer.destroy();
    return { status, reason, headers: names, body: content };
  },

  // Load a part, check it with these files in place of its own, and report as the checker does.
  async check({ downloads, part, files }) {
    await load({
      downloads,
      packages: ["site", "tutorial", "testing", "checks"],
      projects: [[part.project, "/repo"]],
    });
    python.pyimport("tutorial.playground.inside.travel").set_clock = (seconds, ticks) => {
      ahead = seconds === undefined ? 0 : seconds * 1000 - dateNow();
      stopped = ticks ? null : seconds * 1000;
    };
    postMessage({ progress: { stage: "checking", done: 0 } });
    const { run } = python.pyimport("tutorial.playground.inside.checking");
    const seen = (json) => postMessage({ progress: { stage: "checking", ...JSON.parse(json) } });
    return JSON.parse(run(part.part, JSON.stringify(files), seen));
  },

  clock({ seconds }) {
    if (seconds !== undefined) ahead += seconds * 1000;
    return python.runPython("import time; time.time()");
  },
};

// Lay these files over the project's own: texts by name, and null for a file that is not there.
function write(project, files) {
  for (const [name, text] of Object.entries(files)) {
    const path = `${project}/${name}`;
    if (text === null) {
      python.FS.unlink(path);
    } else {
      python.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
      python.FS.writeFile(path, text);
    }
  }
}

// Held as long as this worker lives: the page waits for it, and so learns of its end. No call is
// begun before, or the page might get it first, and take this worker for gone.
const { lock } = Object.fromEntries(new URL(self.location).searchParams);
const held = new Promise((resolve) => {
  if (!navigator.locks) return resolve();
  const whenHeld = () => {
    resolve();
    return new Promise(() => {});
  };
  navigator.locks.request(lock, whenHeld).catch(resolve);
});

let turn = held; // one call after the other
onmessage = ({ data: { id, call, ...options } }) => {
  turn = turn.then(async () => {
    try {
      postMessage({ id, value: await calls[call](options) });
    } catch (error) {
      postMessage({ id, error: String(error.message ?? error) });
      // Python's own exceptions leave it alive; an overflow of its stack, or a lack of memory,
      // does not.
      if (error.pyodide_fatal_error || error instanceof WebAssembly.RuntimeError)
        postMessage({ dead: true });
    }
  });
};

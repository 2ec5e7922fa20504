// The page's handle on Python in a worker. Each is started once, and ended for good: what runs
// an edited project is a new one, in which nothing is left of the old.

export class Ended extends Error {}

const ANSWER_TIME = 60_000; // milliseconds: after that, nobody waits any more

export async function manifest() {
  const response = await fetch(new URL("../manifest.json", import.meta.url), {
    cache: "no-cache",
  });
  if (!response.ok) throw new Error(`manifest.json cannot be loaded: ${response.status}`);
  return response.json();
}

// A Trusted Types policy, for hosts that ask for one: this worker and no other script.
const script = new URL("worker.js", import.meta.url).href;
const policy = globalThis.trustedTypes?.createPolicy("playground", {
  createScriptURL(url) {
    if (url.split("?")[0] === script) return url;
    throw new TypeError(`${url} is no script of the playground`);
  },
});

export class Python {
  // `log` is told each line that Python prints, `progress` how far the start is.
  constructor({ log = () => {}, progress = () => {} } = {}) {
    Object.assign(this, { log, progress });
    this.waiting = new Map();
    this.count = 0;
    this.alive = true;
    const lock = `python-${crypto.randomUUID?.() ?? Math.random()}`;
    const url = `${script}?lock=${lock}`;
    this.worker = new Worker(policy ? policy.createScriptURL(url) : url, { type: "module" });
    this.worker.onmessage = ({ data }) => this.hear(data, lock);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.end(event.message || "The worker could not be started.");
    };
  }

  hear({ id, value, error, progress, log, dead }, lock) {
    if (dead) return this.end("Python in this page has come to its end.");
    if (progress) {
      // It runs, so it holds its lock by now: whoever gets it next learns that it is gone.
      if (!this.watched) {
        this.watched = true;
        navigator.locks?.request(lock, () => this.end("Python in this page is gone."));
      }
      return this.progress(progress);
    }
    if (log !== undefined) return this.log(log);
    const { resolve, reject, timer } = this.waiting.get(id);
    this.waiting.delete(id);
    clearTimeout(timer);
    if (error === undefined) resolve(value);
    else reject(new Error(error));
  }

  // Resolves to what the worker's function of this name returns. Throws Ended when there is no
  // worker any more, and Error with what Python raised.
  call(name, options = {}, time = ANSWER_TIME) {
    return new Promise((resolve, reject) => {
      if (!this.alive) return reject(new Ended(this.why));
      const id = ++this.count;
      const late = () => this.end(`Python has not answered for ${time / 1000} seconds.`);
      const timer = time ? setTimeout(late, time) : undefined;
      this.waiting.set(id, { resolve, reject, timer });
      this.worker.postMessage({ id, call: name, ...options });
    });
  }

  end(why = "It was ended.") {
    if (!this.alive) return;
    this.alive = false;
    this.why = why;
    this.worker.terminate();
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer);
      reject(new Ended(why));
    }
    this.waiting.clear();
  }
}

// How far a start is, as the pages say it.
export function inWords({ come, total, stage, done }) {
  const mb = (bytes) => (bytes / 1e6).toFixed(1);
  if (stage === "checking") {
    if (!done) return { words: "Looking at the project …" };
    return { words: `${done} of ${total} promises …`, share: done / total };
  }
  if (stage === "django") return { words: "Starting Django …" };
  if (come < total)
    return { words: `Loading ${mb(come)} of ${mb(total)} MB …`, share: come / total };
  return { words: `${mb(total)} MB are here. Starting Python …` };
}

// The project that is edited: the files of a part, and over them what somebody has changed.
// Changes are kept in this browser, by the part's number.

import { unzip } from "../engine/zip.js";

const decoder = new TextDecoder();
const TEXT = /\.(py|txt|json|html|css|js|md|toml|cfg)$/;

export class Project {
  static async load(part) {
    const response = await fetch(new URL(`../engine/${part.project.file}`, import.meta.url));
    if (!response.ok) throw new Error(`${part.project.file}: ${response.status}`);
    const plain = response.body.pipeThrough(new DecompressionStream("gzip"));
    const archive = unzip(new Uint8Array(await new Response(plain).arrayBuffer()));
    return new Project(part, archive);
  }

  constructor(part, archive) {
    this.part = part;
    this.key = `workbench:${part.slug}`;
    const folder = `parts/${part.slug}/`;
    this.files = new Map([...archive].map(([name, bytes]) => [name.slice(folder.length), bytes]));
    const kept = JSON.parse(localStorage.getItem(this.key) ?? "{}");
    // What no longer differs, or is of a file that is gone from the part, is no change.
    this.changes = new Map(Object.entries(kept).filter(([name]) => this.files.has(name)));
  }

  // Files that can be edited, those of the project's own code first.
  get names() {
    const quiet = (name) => Number(/migrations\/|\/__init__\.py$|(a|w)sgi\.py|apps\.py/.test(name));
    return [...this.files.keys()]
      .filter((name) => TEXT.test(name))
      .sort((a, b) => quiet(a) - quiet(b) || (a < b ? -1 : 1));
  }

  original = (name) => decoder.decode(this.files.get(name));
  text = (name) => this.changes.get(name) ?? this.original(name);

  change(name, text) {
    if (text === this.original(name)) this.changes.delete(name);
    else this.changes.set(name, text);
    this.keep();
  }

  reset(name = null) {
    if (name) this.changes.delete(name);
    else this.changes.clear();
    this.keep();
  }

  keep() {
    try {
      if (this.changes.size) localStorage.setItem(this.key, JSON.stringify(this.edited));
      else localStorage.removeItem(this.key);
    } catch {
      // No room, or not allowed: the edits live as long as the page.
    }
  }

  get edited() {
    return Object.fromEntries(this.changes);
  }

  // All files as they are now: [name, bytes].
  get all() {
    const encoder = new TextEncoder();
    return [...this.files].map(([name, bytes]) => [
      name,
      this.changes.has(name) ? encoder.encode(this.changes.get(name)) : bytes,
    ]);
  }
}

// The editor: CodeMirror, in a shadow root, where its styles are allowed by the strictest policy.

import {
  basicSetup,
  Compartment,
  EditorState,
  EditorView,
  HighlightStyle,
  python,
  setDiagnostics,
  syntaxHighlighting,
  tags,
  unifiedMergeView,
} from "./codemirror.js";

const theme = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--surface)", fontSize: "0.85rem" },
  ".cm-scroller": {
    fontFamily: 'ui-monospace, "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace',
    height: "min(34rem, 60vh)",
  },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-gutters": { color: "var(--soft)", backgroundColor: "var(--raised)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--raised)" },
  "&.cm-focused .cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-selectionBackground, &.cm-focused .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--strong) 30%, transparent) !important",
  },
});

// In the lab's colours, which can be read on light and on dark.
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.bool, tags.null, tags.self], color: "var(--payload)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--signature)" },
  { tag: [tags.definition(tags.variableName), tags.className], color: "var(--strong)" },
  { tag: [tags.function(tags.variableName), tags.meta, tags.number], color: "var(--header)" },
  { tag: tags.comment, color: "var(--soft)", fontStyle: "italic" },
]);

export class Editor {
  constructor(host, changed) {
    this.changed = changed;
    this.diff = new Compartment();
    const root = host.attachShadow({ mode: "open" });
    const parent = document.createElement("div");
    root.append(parent);
    this.view = new EditorView({ parent, root });
  }

  // Show a file; `original` is what a diff compares it with.
  open(name, text, original, withDiff) {
    this.silent = true;
    this.original = original;
    const extensions = [
      basicSetup,
      theme,
      syntaxHighlighting(colours),
      EditorView.contentAttributes.of({ "aria-label": `${name}, its source`, tabindex: "0" }),
      this.diff.of(this.merging(withDiff)),
      EditorView.updateListener.of(({ docChanged, state }) => {
        if (docChanged && !this.silent) this.changed(state.doc.toString());
      }),
    ];
    if (name.endsWith(".py")) extensions.push(python());
    this.view.setState(EditorState.create({ doc: text, extensions }));
    this.silent = false;
  }

  merging = (on) =>
    on ? unifiedMergeView({ original: this.original, mergeControls: false }) : [];

  showDiff(on) {
    this.view.dispatch({ effects: this.diff.reconfigure(this.merging(on)) });
  }

  // Mark a line, show it, and put the cursor there.
  goTo(number, message) {
    const { doc } = this.view.state;
    const line = doc.line(Math.min(Math.max(number, 1), doc.lines));
    this.view.dispatch({
      selection: { anchor: line.from },
      effects: EditorView.scrollIntoView(line.from, { y: "center" }),
    });
    const diagnostic = { from: line.from, to: line.to, severity: "error", message };
    this.view.dispatch(setDiagnostics(this.view.state, [diagnostic]));
  }
}

// The one file that the workbench takes of CodeMirror: bundled by esbuild when the site is built.
export { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
export { python } from "@codemirror/lang-python";
export { setDiagnostics } from "@codemirror/lint";
export { unifiedMergeView } from "@codemirror/merge";
export { Compartment, EditorState } from "@codemirror/state";
export { EditorView } from "@codemirror/view";
export { tags } from "@lezer/highlight";
export { basicSetup } from "codemirror";

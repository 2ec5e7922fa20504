// The one file that the workbench takes of CodeMirror: bundled by esbuild when the site is built.
export { python } from "@codemirror/lang-python";
export { linter, lintGutter, setDiagnostics } from "@codemirror/lint";
export { unifiedMergeView } from "@codemirror/merge";
export { Compartment, EditorState } from "@codemirror/state";
export { EditorView, keymap } from "@codemirror/view";
export { basicSetup } from "codemirror";

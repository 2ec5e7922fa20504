// Compile Python to what this very interpreter loads, so that no page has to:
//   node compile.mjs PYODIDE IN.zip OUT.zip FOLDER
// FOLDER is where the files will be in the page. What the zip holds is stored, not compressed:
// it is compressed as a whole, which is smaller.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [pyodide, source, target, folder] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`).href);
const python = await loadPyodide({ indexURL: `${pyodide}/` });
python.FS.writeFile("/in.zip", new Uint8Array(readFileSync(source)));
python.globals.set("folder", folder);
python.runPython(`
import importlib.util, zipfile
from importlib._bootstrap_external import _code_to_hash_pyc

with zipfile.ZipFile("/in.zip") as source, zipfile.ZipFile("/out.zip", "w") as target:
    for entry in source.infolist():
        data = source.read(entry)
        if entry.filename.endswith(".py"):
            code = compile(data, f"{folder}/{entry.filename}", "exec", dont_inherit=True)
            # Checked against no source and no time: there is none.
            data = _code_to_hash_pyc(code, importlib.util.source_hash(data), checked=False)
            entry = zipfile.ZipInfo(entry.filename + "c")
        else:
            entry = zipfile.ZipInfo(entry.filename)
        target.writestr(entry, data)
`);
writeFileSync(target, python.FS.readFile("/out.zip"));

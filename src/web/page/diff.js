// A unified diff with what was added and taken away, and with the code of each line in its colours.

import { el } from "./dom.js";

const WORDS = new Set((
  "as async await break case catch class const continue def default del do elif else enum except export extends extern " +
  "false finally fn for from func function if impl import in interface is lambda let loop match mod mut new nil None not " +
  "null of or package pass private pub public raise ref return self Self static struct super switch this throw trait true " +
  "True False try type typeof union unsafe use using var void where while with yield"
).split(" "));

// Comments, texts, numbers and words; what none of them takes stays as it is. A text that does not end here is none.
const TOKEN = /(\/\/.*$|#(?![[!]).*$|\/\*.*?(?:\*\/|$))|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)|\b(\d[\w.]*)\b|\b([A-Za-z_]\w*)\b/g;

/** The most lines that are shown: a browser can show no diff of any length. */
const LINES = 4000;

/** A line that is longer is shown without colours. */
const LONG = 2000;

function coloured(code) {
  if (code.length > LONG) return [code];
  const parts = [];
  let at = 0;
  for (const match of code.matchAll(TOKEN)) {
    const [text, comment, string, number, word] = match;
    const kind = comment ? "comment" : string ? "string" : number ? "number" : WORDS.has(word) ? "word" : null;
    if (!kind) continue;
    parts.push(code.slice(at, match.index), el("span", { class: kind }, text));
    at = match.index + text.length;
  }
  parts.push(code.slice(at));
  return parts;
}

function line(kind, mark, code) {
  const said = { add: "added: ", del: "removed: " }[kind];
  return el("span", { class: `line ${kind}` },
    said && el("span", { class: "hidden" }, said), el("span", { class: "mark", "aria-hidden": "true" }, mark), ...coloured(code), "\n");
}

/** One change of a file: a diff, or the whole content of one that is added or deleted. */
export function change({ kind, path, diff: text }) {
  if (!text) return el("p", {}, `${kind} ${path}`);
  const mark = { add: "+", delete: "-" }[kind];
  const whole = mark && !/^@@/m.test(text);
  return diff(whole ? text.replace(/\n$/, "").split("\n").map((one) => mark + one).join("\n") : text, `${kind} ${path}`);
}

/** The diff as an element. `path`: of a diff that is of one file and does not say so. */
export function diff(text, path) {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const out = el("pre", { class: "diff", tabindex: "0", "aria-label": path ? `Changes of ${path}` : "Changes" });
  if (path) out.append(el("span", { class: "line file" }, path, "\n"));
  let inHunk = !lines.some((one) => one.startsWith("@@"));
  for (const one of lines.slice(0, LINES)) {
    const header = /^(diff --git|index |new file|deleted file|old mode|new mode|similarity|rename |Binary )/.test(one);
    if (header || (!inHunk && /^(---|\+\+\+) /.test(one))) {
      inHunk = false;
      out.append(el("span", { class: "line file" }, one, "\n"));
    } else if (one.startsWith("@@")) {
      inHunk = true;
      out.append(el("span", { class: "line hunk" }, one, "\n"));
    } else if (one.startsWith("+")) out.append(line("add", "+", one.slice(1)));
    else if (one.startsWith("-")) out.append(line("del", "-", one.slice(1)));
    else out.append(line("same", " ", one.replace(/^ /, "")));
  }
  if (lines.length > LINES) out.append(el("span", { class: "line hunk" }, `… and ${lines.length - LINES} lines more\n`));
  return out;
}

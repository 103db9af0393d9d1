// The inbox: what codex asks, whoever's session it is, each with its answers and a note.

import { ask, el, say, when } from "./dom.js";
import { change } from "./diff.js";

const LABELS = {
  "approve": "Approve",
  "approve-for-session": "Approve for the session",
  "approve-always": "Always approve",
  "answer": "Send the answer",
  "decline": "Decline",
  "cancel": "Cancel the turn",
};

const ORDER = Object.keys(LABELS);

/** A fact of a question, where there is one. */
const fact = (name, value) => value && [el("dt", {}, name), el("dd", {}, value)];

const code = (text) => text && el("pre", { tabindex: "0" }, text);

function facts(asked) {
  const json = (value) => value && code(JSON.stringify(value, null, 2));
  return el("dl", {},
    fact(asked.stdin ? "Input for" : "Command", code(asked.command)),
    fact("Folder", asked.cwd),
    fact("Why", asked.reason),
    fact("Network", json(asked.network)),
    fact("Always approves", asked.proposedRule && asked.proposedRule.join(" ")),
    fact("Server", asked.server),
    fact("Tool", asked.tool),
    fact("With", json(asked.arguments)),
    fact("Permissions", json(asked.permissions)),
    fact("It says", asked.message),
    fact("Address", asked.url && code(asked.url)));
}

/** A field and how its value is read; a value that is nothing is left out. */
function textField(label, { kind = "text", hint, required } = {}) {
  const input = el("input", { type: kind, autocomplete: "off", required, step: kind === "number" ? "any" : null });
  const value = () => kind === "number" ? (input.value === "" ? undefined : Number(input.value)) : input.value || undefined;
  return [el("label", { class: "field" }, el("span", {}, label, hint && el("small", {}, ` ${hint}`)), input), value];
}

function choiceField(label, choices, { other, required } = {}) {
  const name = `c${Math.random().toString(36).slice(2)}`;
  const radio = (choice) => el("label", { class: "choice" },
    el("input", { type: "radio", name, value: choice.value, required }), " ", choice.label,
    choice.description && el("small", {}, ` ${choice.description}`));
  const [otherField, otherValue] = other ? textField("Something else") : [null, () => undefined];
  const set = el("fieldset", {}, el("legend", {}, label), choices.map(radio), otherField);
  return [set, () => otherValue() ?? set.querySelector("input:checked")?.value];
}

/** The fields of a question, and what they say together. */
function fields(asked) {
  const all = [];
  for (const question of asked.questions ?? []) {
    const label = question.header ? `${question.header}: ${question.question}` : question.question;
    const choices = (question.options ?? []).map((one) => ({ value: one.label, label: one.label, description: one.description }));
    const field = choices.length > 0 ? choiceField(label, choices, { other: question.other })
      : textField(label, { kind: question.secret ? "password" : "text" });
    all.push([question.id, field]);
  }
  const required = new Set(asked.schema?.required ?? []);
  for (const [name, schema] of Object.entries(asked.schema?.properties ?? {})) {
    const label = schema.title ?? name;
    const options = { hint: schema.description, required: required.has(name) };
    const choices = schema.oneOf?.map((one) => ({ value: one.const, label: one.title ?? one.const }))
      ?? schema.enum?.map((value, n) => ({ value, label: schema.enumNames?.[n] ?? value }));
    if (choices) all.push([name, choiceField(label, choices, options)]);
    else if (schema.type === "boolean") {
      const input = el("input", { type: "checkbox" });
      all.push([name, [el("label", { class: "choice" }, input, " ", label, schema.description && el("small", {}, ` ${schema.description}`)), () => input.checked]]);
    } else {
      const kind = schema.type === "number" || schema.type === "integer" ? "number" : "text";
      all.push([name, textField(label, { ...options, kind })]);
    }
  }
  const answers = () => Object.fromEntries(
    all.map(([name, [, value]]) => [name, value()]).filter(([, value]) => value !== undefined));
  return [all.map(([, [element]]) => element), answers];
}

/** One open question. */
function card(asked, may) {
  const [inputs, answers] = fields(asked);
  const note = el("textarea", { rows: "2", maxlength: "4000" });
  const heading = `q-${asked.approvalId}`;
  const fault = el("p", { class: "fault", role: "alert" });
  const decide = async (decision) => {
    const form = element.querySelector("form");
    if (decision === "answer" && !form.reportValidity()) return;
    const buttons = [...element.querySelectorAll("button")];
    buttons.forEach((one) => { one.disabled = true; });
    fault.textContent = "";
    try {
      const body = { decision, note: note.value };
      if (decision === "answer") body.answers = answers();
      await ask(`/api/decisions/${encodeURIComponent(asked.approvalId)}`, body);
      say(`${LABELS[decision]}: done.`);
      element.classList.add("done");
      element.dispatchEvent(new CustomEvent("decided", { bubbles: true, detail: asked.approvalId }));
    } catch (error) {
      fault.textContent = error.message;
      buttons.forEach((one) => { one.disabled = false; });
    }
  };
  const options = ORDER.filter((option) => asked.options.includes(option));
  const element = el("article", { class: "card", "aria-labelledby": heading, "data-approval": asked.approvalId },
    el("h2", { id: heading }, asked.summary),
    el("p", { class: "meta" },
      el("a", { href: `#/session/${encodeURIComponent(asked.threadId)}` }, "Its session"),
      " · declined by itself at ", when(asked.expiresAt)),
    facts(asked),
    (asked.changes ?? []).map(change),
    may && el("form", { onsubmit: (event) => event.preventDefault() },
      inputs,
      el("label", { class: "field" }, el("span", {}, "Note ", el("small", {}, "the model reads it where you decline")), note),
      fault,
      el("p", { class: "buttons" }, options.map((option) => el("button",
        { type: "button", class: option, onclick: () => decide(option) }, LABELS[option])))));
  return element;
}

/** The view. What is being written in a card stays when others come and go. */
export class Inbox {
  constructor(may) {
    this.may = may;
    this.list = el("div", { class: "cards" });
    this.none = el("p", { class: "empty" }, "Nothing waits for a decision.");
    this.element = el("section", { "aria-labelledby": "inbox" }, el("h1", { id: "inbox" }, "Inbox"), this.none, this.list);
  }

  show(decisions) {
    const known = new Map([...this.list.children].map((one) => [one.dataset.approval, one]));
    const wanted = new Set(decisions.map((one) => one.approvalId));
    for (const [id, element] of known) if (!wanted.has(id)) {
      const focused = element.contains(document.activeElement);
      element.remove();
      if (focused) document.getElementById("main").focus();
    }
    for (const asked of decisions) if (!known.has(asked.approvalId)) this.list.append(card(asked, this.may));
    this.none.hidden = decisions.length > 0;
  }
}

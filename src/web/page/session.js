// One session: where it stands, what happens in it as it happens, and what it has changed.

import { badge, el, read, readJson, when } from "./dom.js";
import { change, diff } from "./diff.js";

/** The most events that stand on the page: the earliest go. */
const EVENTS = 1000;

/** A text that is longer is folded. */
const FOLD = 600;

function text(words) {
  if (!words) return null;
  if (words.length <= FOLD && words.split("\n").length <= 12) return el("pre", {}, words);
  return el("details", {}, el("summary", {}, `${words.slice(0, 80).split("\n")[0]}… (${words.length} characters)`), el("pre", {}, words));
}

/** What an event says: its name, a line, and more. Deltas and what says nothing to a person are left out. */
function words(event) {
  switch (event.type) {
    case "session_started": return [event.resumed ? "taken up" : "session", [event.cwd, event.model, event.sandbox, event.approvalPolicy].filter(Boolean).join(" · ")];
    case "turn_started": return ["turn", "started"];
    case "turn_finished": return ["turn", event.error ? `${event.status}: ${event.error.message}` : event.status];
    case "session_finished": return ["session", `let go: ${event.reason}`];
    case "user_message": return ["user", null, text(event.text)];
    case "assistant_message": return ["codex", null, text(event.text)];
    case "reasoning": return ["thinks", null, text(event.text)];
    case "plan": return ["plan", null, el("ul", {}, event.steps.map((step) => el("li", {}, `${step.status.replace("_", " ")}: ${step.step}`)))];
    case "tool_call": return ["tool", tool(event), (event.changes ?? []).map(change)];
    case "tool_result": return ["result", result(event), text(event.output)];
    case "diff": return ["diff", "the changes of the turn look another way"];
    case "permission_request": return ["question", event.summary];
    case "permission_decision": return ["decision", `${event.decision} by ${event.by}${event.reason ? `: ${event.reason}` : ""}`];
    case "usage": return null;
    case "mcp_server": return ["server", [event.name, event.status, event.error].filter(Boolean).join(" · ")];
    case "warning": return ["warning", event.message];
    case "error": return ["error", event.message];
    default: return null;
  }
}

function tool(event) {
  if (event.command) return `$ ${event.command}`;
  if (event.server) return `${event.server} ${event.name ?? ""} ${event.arguments ? JSON.stringify(event.arguments) : ""}`;
  if (event.changes) return `changes ${event.changes.length} files`;
  return event.name ?? event.tool;
}

function result(event) {
  const code = event.exitCode === undefined || event.exitCode === null ? "" : `, exit code ${event.exitCode}`;
  return `${event.status ?? "ended"}${code}`;
}

/** The view. */
export class Session {
  constructor(thread) {
    this.thread = thread;
    this.address = `codex://sessions/${thread}`;
    this.next = 0;
    this.shownDiff = null;
    this.state = el("p", { class: "meta" });
    this.facts = el("dl", { class: "facts" });
    this.events = el("ol", { class: "events", tabindex: "0", "aria-label": "Events" });
    this.typing = el("p", { class: "typing", hidden: true });
    this.changes = el("div");
    this.title = el("h1", { id: "session" }, "Session");
    this.element = el("section", { class: "session", "aria-labelledby": "session" },
      this.title, this.state, this.facts,
      el("div", { class: "columns" },
        el("section", { "aria-labelledby": "events" }, el("h2", { id: "events" }, "Events"), this.events, this.typing),
        el("section", { "aria-labelledby": "changes" }, el("h2", { id: "changes" }, "Changes of the latest turn"), this.changes)));
  }

  /** Looks at what is new. One look at a time. */
  async look(sessions) {
    const row = sessions.find((one) => one.threadId === this.thread);
    if (row?.title) this.title.textContent = row.title;
    const state = await readJson(this.address);
    this.state.replaceChildren(badge(state.status), " ", [row?.principal, state.session?.model, state.session?.cwd].filter(Boolean).join(" · "));
    const usage = state.usage;
    const fact = (name, value) => value === undefined || value === null ? null : [el("dt", {}, name), el("dd", {}, value)];
    this.facts.replaceChildren(...[
      fact("Tokens in", usage && `${usage.input.toLocaleString()} + ${usage.cached.toLocaleString()} cached`),
      fact("Tokens out", usage && `${usage.output.toLocaleString()} + ${usage.reasoning.toLocaleString()} reasoning`),
      fact("Context", state.context && `${Math.round(100 * state.context.used / state.context.window)} % of ${state.context.window.toLocaleString()}`),
      fact("Decisions open", state.decisions?.length ? el("a", { href: "#/inbox" }, String(state.decisions.length)) : null),
      fact("Why", state.error?.message),
    ].flat().filter(Boolean));
    let more = true;
    let changed = this.shownDiff === null;
    while (more) {
      const page = await readJson(`${this.address}/events?after=${this.next}&limit=500`);
      for (const event of page.events) {
        changed ||= event.type === "diff" || event.type === "turn_started";
        this.add(event);
      }
      more = page.more && page.next > this.next;
      this.next = page.next;
    }
    if (changed) await this.showDiff();
  }

  add(event) {
    if (event.type === "assistant_delta") {
      this.typing.hidden = false;
      this.typing.textContent += event.text;
      return;
    }
    if (event.type === "assistant_message" || event.type === "turn_finished") {
      this.typing.hidden = true;
      this.typing.textContent = "";
    }
    const said = words(event);
    if (!said) return;
    const [name, line, more] = said;
    const atEnd = this.events.scrollHeight - this.events.scrollTop - this.events.clientHeight < 40;
    this.events.append(el("li", { class: `event ${event.type.replace("diff", "changed")}`, "data-seq": String(event.seq) },
      when(event.time), el("strong", {}, name), el("div", { class: "said" }, line && el("span", {}, line), more)));
    while (this.events.children.length > EVENTS) this.events.firstElementChild.remove();
    if (atEnd) this.events.scrollTop = this.events.scrollHeight;
  }

  async showDiff() {
    const now = await read(`${this.address}/diff`);
    if (now === this.shownDiff) return;
    this.shownDiff = now;
    this.changes.replaceChildren(now ? diff(now) : el("p", { class: "empty" }, "None."));
  }
}

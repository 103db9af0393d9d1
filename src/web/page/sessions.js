// The list of sessions, the latest first.

import { badge, el, when } from "./dom.js";

/** The view. */
export class Sessions {
  constructor() {
    this.list = el("ul", { class: "sessions" });
    this.none = el("p", { class: "empty" }, "There are no sessions yet.");
    this.element = el("section", { "aria-labelledby": "sessions" }, el("h1", { id: "sessions" }, "Sessions"), this.none, this.list);
  }

  show(sessions) {
    this.none.hidden = sessions.length > 0;
    const focused = this.list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    this.list.replaceChildren(...sessions.map((one) => el("li", {},
      el("a", { href: `#/session/${encodeURIComponent(one.threadId)}` }, one.title || one.threadId),
      " ", badge(one.status),
      el("p", { class: "meta" }, [one.principal, one.model, one.cwd].filter(Boolean).join(" · "), " · ", when(one.updated)))));
    if (focused) [...this.list.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
  }
}

// The page: who is signed in, which view is shown, and that it is shown anew when the bridge says that there is news.

import { ask, el, readJson, Refused, say } from "./dom.js";
import { Inbox } from "./inbox.js";
import { Session } from "./session.js";
import { Sessions } from "./sessions.js";

const main = document.getElementById("main");
const count = document.getElementById("count");

let me = null;
let view = null;
let news = null;
let looking = false;
let again = false;
let inbox = null;

/** The sign-in, which is all there is to who is not signed in. The token goes nowhere but into one request. */
function signIn() {
  news?.close();
  [me, view, inbox] = [null, null, null];
  for (const id of ["views", "who", "sign-out"]) document.getElementById(id).hidden = true;
  const input = el("input", { type: "password", id: "token", name: "token", autocomplete: "current-password", required: true, "aria-describedby": "where" });
  const fault = el("p", { class: "fault", role: "alert" });
  const form = el("form", {
    class: "sign-in",
    onsubmit: async (event) => {
      event.preventDefault();
      try {
        await ask("/api/sign-in", { token: input.value });
        input.value = "";
        await start();
      } catch (error) {
        fault.textContent = error.status === 401 ? "This token lets nobody in." : error.message;
        input.focus();
      }
    },
  },
  el("h1", {}, "Sign in"),
  el("label", { class: "field" }, el("span", {}, "Token"), input),
  el("p", { id: "where", class: "meta" }, "One of the bridge's file of tokens; `codex-bridge serve` says where that is."),
  fault,
  el("p", { class: "buttons" }, el("button", { type: "submit", class: "approve" }, "Sign in")));
  main.replaceChildren(form);
  document.title = "Sign in – codex-bridge";
  input.focus();
}

/** The view that the address names. `moved`: somebody went there, and is taken to its begin. */
function route(moved) {
  if (!me) return;
  const session = /^#\/session\/(.+)$/.exec(location.hash);
  const may = me.rights.includes("decide");
  if (session) view = new Session(session[1].replace(/[^\w-]/g, ""));
  else if (location.hash === "#/sessions") view = new Sessions();
  else view = inbox = new Inbox(may);
  for (const link of document.querySelectorAll("#views a")) {
    const here = session ? "#/sessions" : view instanceof Sessions ? "#/sessions" : "#/inbox";
    if (link.getAttribute("href") === here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  main.replaceChildren(view.element);
  if (moved) main.focus();
  document.title = `${view.element.querySelector("h1").textContent} – codex-bridge`;
  look();
}

/** Looks at what is shown; where that is under way, once more after it. */
async function look() {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  try {
    do {
      again = false;
      await lookOnce();
    } while (again);
  } catch (error) {
    if (error instanceof Refused && error.status === 401) signIn();
    else say(error.message);
  } finally {
    looking = false;
  }
}

async function lookOnce() {
  const shown = view;
  const { decisions } = await readJson("codex://decisions");
  const before = count.textContent;
  count.textContent = String(decisions.length);
  count.hidden = decisions.length === 0;
  if (Number(before) < decisions.length) say(`${decisions.length} wait for a decision.`);
  if (shown instanceof Inbox) shown.show(decisions);
  if (shown instanceof Inbox || shown === null) return;
  const { sessions } = await readJson("codex://sessions");
  if (shown instanceof Sessions) shown.show(sessions);
  else await shown.look(sessions);
}

/** Begins for whoever is signed in. */
async function start() {
  me = JSON.parse(await ask("/api/me"));
  if (!me) {
    signIn();
    return;
  }
  const who = document.getElementById("who");
  who.textContent = me.name;
  for (const id of ["views", "who", "sign-out"]) document.getElementById(id).hidden = false;
  news = new EventSource("/api/news");
  news.onmessage = look;
  news.onerror = () => { if (news.readyState === EventSource.CLOSED) look(); };
  route();
}

document.getElementById("sign-out").addEventListener("click", async () => {
  await ask("/api/sign-out", {});
  signIn();
});
addEventListener("hashchange", route);
document.querySelector(".skip").addEventListener("click", (event) => {
  // The address names the view, and stays.
  event.preventDefault();
  main.focus();
});
main.addEventListener("decided", look);
start();

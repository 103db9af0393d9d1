// Elements, and what the page asks the bridge for. All that comes from outside is set as text, never as markup.

/** An element with attributes and children; a child that is text stays text. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** What the bridge would not do, in its words. */
export class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

/** Asks the bridge. */
export async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  const response = await fetch(path, options);
  const text = await response.text();
  if (!response.ok) {
    let words = text.trim();
    try { words = JSON.parse(text).error ?? words; } catch { /* It is plain text. */ }
    throw new Refused(response.status, words || `the bridge answers ${response.status}`);
  }
  return text;
}

/** A resource of the bridge, as text. */
export const read = (uri) => ask(`/api/resource?uri=${encodeURIComponent(uri)}`);

/** The same as a value. */
export const readJson = async (uri) => JSON.parse(await read(uri));

/** A point in time as a person says it. */
export function when(time) {
  const date = new Date(time);
  const today = new Date().toDateString() === date.toDateString();
  return el("time", { datetime: time, title: date.toLocaleString() },
    today ? date.toLocaleTimeString() : date.toLocaleString());
}

/** A status as a badge. */
export const badge = (status) => el("span", { class: `badge ${status}` }, status.replaceAll("_", " "));

/** Says something to everybody, also to who does not see it. */
export function say(words) {
  document.getElementById("status").textContent = words;
}

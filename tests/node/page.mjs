// Drives the page in a headless Chromium: signs in, watches a session that runs, approves one question and declines another,
// at the width of a desk and of a phone; looks for faults of accessibility; takes the pictures of the docs.
//
//   node page.mjs BASE TOKEN CHROMIUM WIDTH SCHEME [FOLDER]
//
// A line of JSON on stdin begins each step, and a line of JSON on stdout says what was seen.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [base, token, executablePath, width, scheme, folder] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const phone = Number(width) < 600;
const context = await browser.newContext({
  viewport: { width: Number(width), height: phone ? 812 : 900 },
  colorScheme: scheme,
  hasTouch: phone,
  isMobile: phone,
  locale: "en-GB",
  // axe is brought in by the driver, which the page's policy would not let in.
  bypassCSP: false,
});
const page = await context.newPage();
const faults = [];
page.on("pageerror", (error) => faults.push(String(error)));
page.on("console", (message) => { if (message.type() === "error") faults.push(message.text()); });
page.on("request", (request) => { if (!request.url().startsWith(base)) faults.push(`asked elsewhere: ${request.url()}`); });

/** What an automatic look at the accessibility finds, the serious of it. */
async function accessible() {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`);
}

/** Whether something is wider than the screen. */
const overflows = () => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

/** A picture for the docs, in which the folder of the test has a name that says something. */
async function picture(name) {
  if (!folder) return;
  await page.evaluate(() => {
    const all = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (all.nextNode()) all.currentNode.data = all.currentNode.data.replace(/\/\S*test-places\/[^/]+\/work/g, "/srv/shop");
  });
  await page.screenshot({ path: `${folder}/${name}.png` });
}

const steps = {
  async open() {
    await page.goto(base);
    await page.getByLabel("Token").waitFor();
    return { title: await page.title() };
  },
  async signIn({ token: other }) {
    await page.getByLabel("Token").fill(other ?? token);
    await page.getByRole("button", { name: "Sign in" }).click();
    if (other) {
      await page.getByRole("alert").filter({ hasText: "lets nobody in" }).waitFor();
      return {};
    }
    await page.getByRole("heading", { name: "Inbox" }).waitFor();
    const cookies = await context.cookies();
    return { url: page.url(), cookies, kept: await page.evaluate(() => [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)]) };
  },
  async inbox({ count }) {
    await page.getByRole("navigation").getByRole("link", { name: "Inbox" }).click();
    await page.waitForFunction((wanted) => document.querySelectorAll(".card").length === wanted, count);
    return { titles: await page.locator(".card h2").allTextContents(), text: await page.locator("main").innerText() };
  },
  async decide({ title, button, note, type }) {
    const card = page.getByRole("article").filter({ has: page.getByRole("heading", { name: title }) });
    if (type) for (const [label, value] of Object.entries(type)) await card.getByLabel(label).fill(value);
    if (note) await card.getByLabel("Note").fill(note);
    await card.getByRole("button", { name: button, exact: true }).click();
    await card.waitFor({ state: "detached" });
    return {};
  },
  async typeNote({ title, note }) {
    await page.getByRole("article").filter({ has: page.getByRole("heading", { name: title }) }).getByLabel("Note").fill(note);
    return {};
  },
  async note({ title }) {
    return { note: await page.getByRole("article").filter({ has: page.getByRole("heading", { name: title }) }).getByLabel("Note").inputValue() };
  },
  async sessions() {
    await page.getByRole("navigation").getByRole("link", { name: "Sessions" }).click();
    await page.locator(".sessions li").first().waitFor();
    return { text: await page.locator("main").innerText() };
  },
  async session({ thread }) {
    await page.goto(`${base}/#/session/${thread}`);
    await page.locator(".events li").first().waitFor();
    return { text: await page.locator("main").innerText() };
  },
  async sees({ words }) {
    await page.locator("main").filter({ hasText: words }).waitFor();
    return { text: await page.locator("main").innerText() };
  },
  async look({ name }) {
    await picture(`${name}-${width}-${scheme}`);
    return { accessible: await accessible(), overflows: await overflows(), faults: faults.splice(0) };
  },
  async keyboard() {
    // From the top: the skip link comes first, and leads to the content.
    await page.reload();
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.keyboard.press("Tab");
    const first = await page.evaluate(() => document.activeElement.textContent);
    await page.keyboard.press("Enter");
    const main = await page.evaluate(() => document.activeElement.id);
    await page.keyboard.press("Tab");
    return { first, main, then: await page.evaluate(() => document.activeElement.tagName) };
  },
  async signOut() {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Token").waitFor();
    await page.reload();
    await page.getByLabel("Token").waitFor();
    return { cookies: await context.cookies() };
  },
};

page.setDefaultTimeout(30_000);
for await (const line of createInterface({ input: process.stdin })) {
  const { step, ...given } = JSON.parse(line);
  try {
    console.log(JSON.stringify(await steps[step](given)));
  } catch (error) {
    console.log(JSON.stringify({ failed: String(error), text: await page.locator("body").innerText().catch(() => ""), faults }));
  }
}
await browser.close();

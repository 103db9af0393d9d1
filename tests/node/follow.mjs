// A host on the official TypeScript client that follows a running session by subscription, in either era.
import assert from "node:assert";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const [mode, bridge] = process.argv.slice(2);
const options = mode === "modern" ? { versionNegotiation: { mode: "auto" } } : {};
const client = new Client({ name: "follow", version: "1" }, options);
let wake = () => {};
let told = false;
client.setNotificationHandler("notifications/resources/updated", () => {
  told = true;
  wake();
});
// Over stdio, or by HTTP where the bridge is an address.
const headers = { authorization: `Bearer ${process.env.BRIDGE_TOKEN}` };
await client.connect(bridge.startsWith("http")
  ? new StreamableHTTPClientTransport(new URL(bridge), { requestInit: { headers } })
  : new StdioClientTransport({ command: bridge, env: process.env }));

const run = { prompt: "RUN echo one\nSTREAM 200", "approval-policy": "untrusted", wait: 0 };
const started = await client.callTool({ name: "codex", arguments: run });
const thread = started.structuredContent.threadId;
const uri = `codex://sessions/${thread}/events`;
const seen = [];
let after = 0;
let decided = false;

async function read() {
  for (let more = true; more; ) {
    const answer = await client.readResource({ uri: `${uri}?after=${after}&limit=1000` });
    const page = JSON.parse(answer.contents[0].text);
    seen.push(...page.events);
    ({ next: after, more } = page);
  }
  const asked = seen.find((event) => event.type === "permission_request");
  if (asked && !decided) {
    decided = true;
    const answer = { approvalId: asked.approvalId, decision: "approve", wait: 0 };
    await client.callTool({ name: "codex-approve", arguments: answer });
  }
  return seen.some((event) => event.type === "turn_finished");
}

const subscription = mode === "modern" ? await client.listen({ resourceSubscriptions: [uri] }) : undefined;
if (!subscription) await client.subscribeResource({ uri });
const late = setTimeout(() => assert.fail(`not told in time; seen ${seen.length}`), 60_000);
while (!(await read())) {
  if (!told) await new Promise((resolve) => (wake = resolve));
  told = false;
}
clearTimeout(late);
const page = await client.callTool({ name: "codex-events", arguments: { threadId: thread, detail: "full", limit: 1000 } });
const whole = page.structuredContent.events.map((event) => event.seq);
assert.deepEqual(seen.map((event) => event.seq), whole);
assert.deepEqual(whole, whole.map((_, n) => n + 1));
await subscription?.close();
await client.close();
console.log("done", mode, seen.length);

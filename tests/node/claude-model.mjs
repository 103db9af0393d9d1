// A scripted model for Claude Code, in the form of Anthropic's Messages API: it delegates to codex, approves what codex asks,
// and then says how that ended. The first line on stdout is its port.

import { createServer } from "node:http";

const TASK = { prompt: "RUN touch made.txt\nSAY made", sandbox: "workspace-write", "approval-policy": "untrusted" };

const message = { id: "msg_1", type: "message", role: "assistant", model: "scripted", content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } };

/** One answer as a stream of events. */
function answer(block, delta, reason) {
  return [
    { type: "message_start", message },
    { type: "content_block_start", index: 0, content_block: block },
    { type: "content_block_delta", index: 0, delta },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: 1 } },
    { type: "message_stop" },
  ];
}

const say = (text) => answer({ type: "text", text: "" }, { type: "text_delta", text }, "end_turn");

const call = (id, name, input) => answer(
  { type: "tool_use", id, name: `mcp__codex__${name}`, input: {} },
  { type: "input_json_delta", partial_json: JSON.stringify(input) }, "tool_use");

function next({ tools = [], messages = [] }) {
  if (!tools.some((tool) => tool.name === "mcp__codex__codex")) return say("there are no tools of codex");
  const results = messages.flatMap(({ content }) => Array.isArray(content) ? content : []).filter((part) => part.type === "tool_result");
  if (results.length === 0) return call("toolu_1", "codex", TASK);
  const words = JSON.stringify(results.at(-1));
  const asked = /apr_[0-9a-f]+/.exec(words);
  if (results.length === 1 && asked) return call("toolu_2", "codex-approve", { approvalId: asked[0], decision: "approve" });
  return say(`codex has ended: ${words}`);
}

createServer((request, response) => {
  let body = "";
  request.on("data", (piece) => { body += piece; });
  request.on("end", () => {
    if (request.method !== "POST" || !/^\/v1\/messages(\?|$)/.test(request.url)) {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ input_tokens: 1 }));
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of next(JSON.parse(body))) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    response.end();
  });
}).listen(0, "127.0.0.1", function () { console.log(this.address().port); });

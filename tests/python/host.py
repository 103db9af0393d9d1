"""A host on the official Python client: one task with one approval, to its end; over stdio, or by HTTP where the bridge
is an address.

Modes: `legacy` (a dialog), `retry` (2026-07-28, the client itself retries with its person's answer), `tool`
(2026-07-28 without dialogs: codex-approve)."""

import asyncio
import sys

from bridge import bridge
from mcp import Client
from mcp_types import ElicitResult

MODE, BRIDGE = sys.argv[1:3]
TASK = {"prompt": "RUN touch made.txt\nSAY made", "sandbox": "workspace-write", "approval-policy": "untrusted"}


async def main() -> None:
    asked = []

    async def approve(_context, params):
        asked.append(params.message)
        return ElicitResult(action="accept", content={"decision": "approve"})

    callback = None if MODE == "tool" else approve
    era = "legacy" if MODE == "legacy" else "auto"
    async with Client(bridge(BRIDGE), mode=era, elicitation_callback=callback) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        assert "codex" in tools, tools
        result = await client.call_tool("codex", TASK)
        content = result.structured_content
        if MODE == "tool":
            assert content["status"] == "needs_decision", content
            decision = content["decisions"][0]
            assert "touch made.txt" in decision["command"], decision
            answer = {"approvalId": decision["approvalId"], "decision": "approve"}
            result = await client.call_tool("codex-approve", answer)
            content = result.structured_content
        assert content["status"] == "completed", content
        assert content["content"] == "made", content
        events = (await client.call_tool("codex-events", {"threadId": content["threadId"]})).structured_content
        kinds = [event["type"] for event in events["events"]]
        assert "permission_decision" in kinds and "turn_finished" in kinds, kinds
    assert len(asked) == (0 if MODE == "tool" else 1), asked
    print("done", MODE, kinds)


asyncio.run(main())

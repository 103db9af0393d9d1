"""Delegates one task to codex and asks you before it acts.

    pip install mcp
    python examples/delegate.py "add a test for the parser"

codex-bridge must be on PATH, and codex signed in.
"""

import asyncio
import os
import sys

from mcp import Client, StdioServerParameters

PROMPT = " ".join(sys.argv[1:]) or "Say hello."


async def main() -> None:
    server = StdioServerParameters(command="codex-bridge", env=dict(os.environ))
    async with Client(server) as client:
        call = {"prompt": PROMPT, "sandbox": "workspace-write", "approval-policy": "on-request", "wait": 600}
        result = (await client.call_tool("codex", call)).structured_content
        while result["status"] in ("needs_decision", "running"):
            if result["status"] == "running":
                wait = {"threadId": result["threadId"], "wait": 600}
                result = (await client.call_tool("codex-wait", wait)).structured_content
                continue
            request = result["decisions"][0]
            yes = input(f"{request['summary']} [y/N] ").strip().lower() == "y"
            answer = {"approvalId": request["approvalId"], "decision": "approve" if yes else "decline"}
            result = (await client.call_tool("codex-approve", answer)).structured_content
        print(result["status"], result["content"], sep="\n")
        page = (await client.call_tool("codex-events", {"threadId": result["threadId"]})).structured_content
        for event in page["events"]:
            print(event["seq"], event["type"])


asyncio.run(main())

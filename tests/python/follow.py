"""A host on the official Python client that follows a running session by subscription, in either era: it
reads from its cursor whenever it is told of a change, and must end with every event."""

import asyncio
import json
import sys

from bridge import bridge
from mcp import Client

MODE, BRIDGE = sys.argv[1:3]


async def main() -> None:
    told = asyncio.Event()

    async def hear(message) -> None:
        if "resources/updated" in str(getattr(message, "method", "")) or "ResourceUpdated" in type(message).__name__:
            told.set()

    era = "legacy" if MODE == "legacy" else "auto"
    async with Client(bridge(BRIDGE), mode=era, message_handler=hear) as client:
        run = {"prompt": "RUN echo one\nSTREAM 200", "approval-policy": "untrusted", "wait": 0}
        thread = (await client.call_tool("codex", run)).structured_content["threadId"]
        uri = f"codex://sessions/{thread}/events"
        seen, after, decided = [], 0, False

        async def read() -> bool:
            nonlocal after, decided
            while True:
                page = await client.read_resource(f"{uri}?after={after}&limit=1000", cache_mode="bypass")
                page = json.loads(page.contents[0].text)
                seen.extend(page["events"])
                after = page["next"]
                if not page["more"]:
                    break
            asked = [event for event in seen if event["type"] == "permission_request"]
            if asked and not decided:
                decided = True
                answer = {"approvalId": asked[0]["approvalId"], "decision": "approve", "wait": 0}
                await client.call_tool("codex-approve", answer)
            return any(event["type"] == "turn_finished" for event in seen)

        async with asyncio.timeout(60):
            if MODE == "legacy":
                await client.subscribe_resource(uri)
                while not await read():
                    await told.wait()
                    told.clear()
            else:
                async with client.listen(resource_subscriptions=[uri]) as changes:
                    done = await read()
                    while not done:
                        await anext(changes)
                        done = await read()
        page = await client.call_tool("codex-events", {"threadId": thread, "detail": "full", "limit": 1000})
        whole = [event["seq"] for event in page.structured_content["events"]]
        assert [event["seq"] for event in seen] == whole == list(range(1, len(whole) + 1)), (seen, whole)
    print("done", MODE, len(seen))


asyncio.run(main())

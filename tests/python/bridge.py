"""The way to the bridge: a program over stdio, or an address by HTTP with the token in $BRIDGE_TOKEN."""

import os

from mcp import StdioServerParameters
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client


def bridge(where: str):
    if not where.startswith("http"):
        return StdioServerParameters(command=where, env=dict(os.environ))
    headers = {"authorization": f"Bearer {os.environ['BRIDGE_TOKEN']}"}
    return streamable_http_client(where, http_client=create_mcp_http_client(headers=headers))

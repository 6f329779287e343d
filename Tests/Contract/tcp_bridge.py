#!/usr/bin/env python3
"""Lets a tool that only speaks TCP reach the admin socket, for a test.

Usage: tcp_bridge.py SOCKET
Listens on a free port of 127.0.0.1, prints it, and copies bytes both ways until it is killed.
Apus itself refuses TCP without TLS, so this exists in tests only.
"""

import asyncio
import sys


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except (ConnectionError, OSError):
        writer.close()


async def serve(path, reader, writer):
    try:
        there, back = await asyncio.open_unix_connection(path)
    except OSError:
        writer.close()
        return
    await asyncio.gather(copy(reader, back), copy(there, writer))
    back.close()
    writer.close()


async def main(path):
    server = await asyncio.start_server(
        lambda reader, writer: serve(path, reader, writer), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

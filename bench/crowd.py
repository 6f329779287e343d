#!/usr/bin/env python3
"""Idle keep-alive clients, more than one process may have descriptors for: who has them, and what
each costs the workers.

    bench/crowd.py [--clients 100000] [--workers 8] [--apus PROGRAM]
"""

import argparse
import http.client
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measure
import proxies


def configuration(ports, workers):
    binds = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
    return f"""
version: 1
process: {{workers: {workers}, threads: 1, max_connections: 1000000}}
log: {{access: {{to: off}}}}
defaults: {{timeouts: {{http_keep_alive: 10m, http_request: 5m, client: 5m}}}}
frontends: {{main: {{bind: [{binds}], routes: [{{id: all, respond: {{status: 200, body: "here"}}}}]}}}}
"""


def serving(socket_path):
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(socket_path)
    connection.request("GET", "/v1/generations/current")
    workers = json.loads(connection.getresponse().read())["workers"]
    return [worker["pid"] for worker in workers if worker["exit"] is None]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--apus", default=proxies.ROOT / ".build/release/apus")
    options = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    # Each port gives a client process its own range of source ports.
    groups = -(-options.clients // min(limit - 200, 20_000))
    each = -(-options.clients // groups)
    ports = [proxies.free_port() for _ in range(groups)]
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        tools = proxies.Tools(folder)
        path = Path(folder, "apus.yaml")
        path.write_text(configuration(ports, options.workers))
        with open(Path(folder, "log"), "w") as log:
            master = subprocess.Popen(
                [options.apus, "run", "--config", path, "--state-dir", f"{folder}/state",
                 "--runtime-dir", f"{folder}/run"],
                stdout=log, stderr=log)
        try:
            proxies.wait_for(lambda: proxies.answers(ports[0]), "Apus")
            hold(tools.load, ports, each, serving(f"{folder}/run/admin.sock"))
        finally:
            master.terminate()
            master.wait(60)
            tools.stop()


def hold(load, ports, each, workers):
    before = {pid: (measure.pss_kib(pid), len(os.listdir(f"/proc/{pid}/fd"))) for pid in workers}
    start = time.monotonic()
    crowds = [
        subprocess.Popen(
            [load, "-b", "-i", "-c", str(each), str(port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for port in ports]
    seen = [json.loads(crowd.stdout.readline()) for crowd in crowds]
    took = time.monotonic() - start
    answered = sum(one["requests"] for one in seen)
    after = {pid: (measure.pss_kib(pid), len(os.listdir(f"/proc/{pid}/fd"))) for pid in workers}
    held = [after[pid][1] - before[pid][1] for pid in workers]
    kib = sum(after[pid][0] - before[pid][0] for pid in workers)
    ask = time.monotonic()
    another = proxies.answers(ports[0])
    ask = (time.monotonic() - ask) * 1000
    print(f"{answered} of {each * len(ports)} clients were answered within {took:.1f} s")
    print(f"the workers hold {sum(held)}: {sorted(held)}")
    print(f"{kib / max(1, sum(held)):.2f} KiB a client; another one is answered after {ask:.1f} ms")
    for crowd in crowds:
        crowd.stdin.close()
        crowd.wait()
    proxies.wait_for(
        lambda: sum(len(os.listdir(f"/proc/{pid}/fd")) - before[pid][1] for pid in workers) <= 0,
        "their end")
    print("all of them are gone")
    if answered < each * len(ports) or not another:
        sys.exit("not all were answered")


main()

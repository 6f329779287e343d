"""Apus in a network of its own, and what is asked of it."""

import concurrent.futures
import http.client
import http.server
import socket
import subprocess
import sys
import time


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        parts = self.path.split("/")
        if parts[1] == "delay":
            time.sleep(int(parts[2]) / 1000)
        body = self.connection.getsockname()[0].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Apus:
    def __init__(self, apus, worker, folder, configuration, wrapper=()):
        self.port, self.socket = 8080, f"{folder}/run/admin.sock"
        self.program, self.worker, self.log = apus, worker, f"{folder}/log"
        self.configuration = f"{folder}/apus.yaml"
        self.write(configuration)
        with open(f"{folder}/log", "w") as log:
            self.process = subprocess.Popen(
                [*wrapper, apus, "run", "--config", self.configuration]
                + ["--state-dir", f"{folder}/state", "--runtime-dir", f"{folder}/run"]
                + ["--worker", worker],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 20
        while True:
            try:
                if self.admin("/readyz")[0] == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.stop()
                sys.exit(open(f"{folder}/log").read())
            time.sleep(0.05)

    def write(self, configuration):
        with open(self.configuration, "w") as file:
            file.write(configuration)

    def reload(self, configuration):
        """Whether it succeeded, and what was said."""
        self.write(configuration)
        done = subprocess.run(
            [self.program, "--socket", self.socket, "reload", "--wait", "30s"],
            capture_output=True,
            text=True,
        )
        return done.returncode == 0, done.stdout + done.stderr

    def admin(self, path, method="GET", body=None):
        client = http.client.HTTPConnection("localhost")
        client.sock = socket.socket(socket.AF_UNIX)
        client.sock.settimeout(5)
        client.sock.connect(self.socket)
        headers = {"Content-Type": "application/json"} if body else {}
        client.request(method, path, body, headers)
        answer = client.getresponse()
        return answer.status, answer.read().decode()

    def metric(self, name):
        lines = self.admin("/metrics")[1].splitlines()
        ends = (",", "}") if "{" in name else (" ", "{")
        names = tuple(name + end for end in ends)
        return sum(float(line.split()[-1]) for line in lines if line.startswith(names))

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def expect(holds, what):
    if not holds:
        sys.exit(what)


def ask(client, path):
    """Status, milliseconds, body and Retry-After; the connection is made anew if need be."""
    start = time.monotonic()
    client.request("GET", path)
    answer = client.getresponse()
    body = answer.read()
    took = (time.monotonic() - start) * 1000
    return answer.status, took, body, answer.getheader("Retry-After")


def all_at_once(clients, path):
    """What each of them got."""
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(lambda client: ask(client, path), clients))


def figure(what, results):
    for status in sorted({result[0] for result in results}):
        times = [result[1] for result in results if result[0] == status]
        print(f"figure: {what}: {len(times)} got {status} after {min(times):.0f} to {max(times):.0f} ms")

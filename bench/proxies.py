"""The proxies that are compared: how each is started on one core with one thread, reloaded, and
which of its processes carry the traffic."""

import http.client
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROXY_CORE = "0"
LOAD_CORE = "1"
# A proxy needs up to two descriptors for each client.
CLIENTS_MAX = min(50_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 2 - 100)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def children(pid):
    """Pids of living children."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(entry.name))
    return sorted(found)


def wait_for(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.002)
    raise RuntimeError(f"waited {seconds} s for {what}")


def answers(port):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", "/who")
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return body if answer.status == 200 else None
    except OSError:
        return None


class Proxy:
    """A proxy with two frontends: `port` forwards to the server, `who_port` answers by itself
    with something that is different in each generation."""

    name = ""

    def __init__(self, folder, server_port, pinned=True):
        self.folder = Path(folder) / self.name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.server_port = server_port
        self.pinned = pinned
        self.port = free_port()
        self.who_port = free_port()
        self.process = None

    def command(self):
        raise NotImplementedError

    def start(self):
        self.configure()
        prefix = ["taskset", "-c", PROXY_CORE] if self.pinned else []
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            prefix + self.command(), stdout=self.log, stderr=self.log,
            stdin=subprocess.DEVNULL, env=dict(os.environ, SWIFT_BACKTRACE="enable=no"))
        return self

    def wait_until_ready(self):
        wait_for(lambda: answers(self.who_port), f"{self.name} to answer; see {self.folder}/log")
        return self

    def stop(self):
        pids = self.workers()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.log.close()

    def workers(self):
        return children(self.process.pid)

    def version(self):
        return ""


class Apus(Proxy):
    name = "apus"
    binary = ROOT / ".build/release/apus"
    limit_of_leavers = 50

    def configure(self):
        self.socket_path = self.folder / "run/admin.sock"
        self.file = self.folder / "apus.yaml"
        self.file.write_text(f"""version: 1
process: {{threads: 1, max_reloads: {self.limit_of_leavers}, probation: 100ms, reload_rate: 1000/s,
  max_connections: {CLIENTS_MAX}}}
log: {{access: {{to: off}}}}
defaults: {{timeouts: {{http_keep_alive: 600s}}}}
frontends:
  main: {{bind: "127.0.0.1:{self.port}", backend: server}}
  who:
    bind: "127.0.0.1:{self.who_port}"
    routes: [{{id: who, respond: {{body: "%{{generation}}"}}}}]
backends:
  server: {{servers: {{one: {{address: "127.0.0.1:{self.server_port}"}}}}}}
""")

    def command(self):
        return [
            str(self.binary), "run", "--config", str(self.file),
            "--state-dir", str(self.folder / "state"), "--runtime-dir", str(self.folder / "run")]

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("localhost", timeout=70)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(70)
        connection.sock.connect(str(self.socket_path))
        connection.request(
            method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        value = json.loads(answer.read())
        connection.close()
        return value

    def ask_reload(self):
        return self.request("POST", "/v1/reloads?wait=60s", "{}")

    def reload(self):
        """Until it is done; what the API says of it."""
        return self.ask_reload()

    def serving(self):
        current = self.request("GET", "/v1/generations/current")
        return [worker["pid"] for worker in current["workers"] if worker["exit"] is None]

    def version(self):
        done = subprocess.run([self.binary, "--version"], capture_output=True, text=True)
        return done.stdout.strip()


class HAProxy(Proxy):
    name = "haproxy"

    def configure(self):
        self.file = self.folder / "haproxy.cfg"
        self.file.write_text(f"""
global
    nbthread 1
    maxconn {CLIENTS_MAX}
defaults
    mode http
    timeout connect 3s
    timeout client 600s
    timeout server 30s
    timeout http-keep-alive 600s
    http-reuse always
frontend main
    bind 127.0.0.1:{self.port}
    # What Apus and nginx add too.
    option forwardfor
    http-request set-header X-Forwarded-Proto http
    default_backend server
frontend who
    bind 127.0.0.1:{self.who_port}
    http-request return status 200 content-type text/plain lf-string "%pid"
backend server
    server one 127.0.0.1:{self.server_port}
""")

    def command(self):
        return ["haproxy", "-W", "-db", "-f", str(self.file)]

    def ask_reload(self):
        self.process.send_signal(signal.SIGUSR2)

    def reload(self):
        old = answers(self.who_port)
        self.ask_reload()
        wait_for(lambda: answers(self.who_port) not in (None, old), "haproxy's new worker")

    def serving(self):
        return [int(answers(self.who_port))]

    def version(self):
        done = subprocess.run(["haproxy", "-v"], capture_output=True, text=True)
        return done.stdout.split()[2].split("-")[0]


class Nginx(Proxy):
    name = "nginx"

    def configure(self):
        self.file = self.folder / "nginx.conf"
        self.file.write_text(f"""
daemon off;
user root;
worker_processes 1;
pid {self.folder}/pid;
error_log {self.folder}/error.log;
events {{ worker_connections {CLIENTS_MAX}; }}
http {{
    access_log off;
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
    client_body_temp_path {self.folder}/a;
    proxy_temp_path {self.folder}/b;
    fastcgi_temp_path {self.folder}/c;
    uwsgi_temp_path {self.folder}/d;
    scgi_temp_path {self.folder}/e;
    upstream server {{
        server 127.0.0.1:{self.server_port};
        keepalive 256;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{self.port};
        location / {{
            proxy_pass http://server;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
    server {{
        listen 127.0.0.1:{self.who_port};
        location / {{ default_type text/plain; return 200 "$pid"; }}
    }}
}}
""")

    def command(self):
        return ["nginx", "-c", str(self.file), "-e", str(self.folder / "error.log")]

    def ask_reload(self):
        self.process.send_signal(signal.SIGHUP)

    def reload(self):
        old = answers(self.who_port)
        self.ask_reload()
        wait_for(lambda: answers(self.who_port) not in (None, old), "nginx's new worker")

    def serving(self):
        return [int(answers(self.who_port))]

    def version(self):
        done = subprocess.run(["nginx", "-v"], capture_output=True, text=True)
        return done.stderr.strip().rsplit("/", 1)[1]


class Origin:
    """What the proxies forward to: `origin.c`, built for the run, on the core of the load."""

    def __init__(self, folder):
        self.program = Path(folder) / "origin"
        self.port = free_port()
        compiler = shutil.which("cc") or shutil.which("clang")
        subprocess.run(
            [compiler, "-O2", "-o", self.program, Path(__file__).parent / "origin.c"], check=True)

    def start(self):
        self.process = subprocess.Popen(
            ["taskset", "-c", LOAD_CORE, str(self.program), str(self.port)])
        wait_for(lambda: answers(self.port), "the origin")
        return self

    def stop(self):
        self.process.terminate()
        self.process.wait()

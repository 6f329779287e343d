"""The products that are compared: how each is started, pinned, reloaded and watched, and which of
its processes carry the traffic. What they are told stands in configurations.py."""

import http.client
import json
import os
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import configurations

ROOT = Path(__file__).resolve().parent.parent
PROXY_CORE = "0"
LOAD_CORE = "1"


def raise_descriptors():
    """As many descriptors as may be had, up to what the rows need."""
    wanted, (_, hard) = 120_000, resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
        return wanted
    except (OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return hard


# A proxy needs up to two descriptors for each client, with pipes to splice through four.
CLIENTS_MAX = min(20_000, raise_descriptors() // 5)

# Valgrind's tools find each other by names of user and host, of which a worker knows neither.
ENVIRONMENT = {
    key: value for key, value in os.environ.items()
    if key not in ("USER", "LOGNAME", "HOST", "HOSTNAME")} | {"SWIFT_BACKTRACE": "enable=no"}


class NotSupported(Exception):
    """The product cannot do what a profile asks for."""


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


def wait_for(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.002)
    raise RuntimeError(f"waited {seconds} s for {what}")


def answers(port, seconds=2):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
        connection.request("GET", "/who")
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return body if answer.status == 200 else None
    except OSError:
        return None


class Product:
    """A proxy with two frontends: `port` does what the profile says, `who_port` answers by itself
    with something that is different in each generation."""

    name = ""
    splices = False
    without_limit = False
    clients_max = CLIENTS_MAX
    user = pwd.getpwuid(os.getuid()).pw_name

    def __init__(self, folder, server_port, profile="plain", pinned=True, threads=1, wrapper=()):
        """`wrapper`: what the process that carries traffic is started through, such as valgrind.
        It is then the only one, where a product can do that."""
        self.folder = Path(folder) / self.name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.server_port = server_port
        self.profile = profile
        self.prefix = ["taskset", "-c", PROXY_CORE] if pinned else []
        self.threads = threads
        self.wrapper = [str(word) for word in wrapper]
        self.port = free_port()
        self.who_port = free_port()
        self.process = None

    def start(self):
        self.configure()
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            self.prefix + self.command(), stdout=self.log, stderr=self.log,
            stdin=subprocess.DEVNULL, env=ENVIRONMENT, process_group=0)
        return self

    def ready(self):
        """Waits for its first answer."""
        def answer():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} has ended; {(self.folder / 'log').read_text()}")
            return answers(self.who_port, 20)
        wait_for(answer, f"{self.name} to answer; see {self.folder}/log")
        return self

    def stop(self):
        pids = children(self.process.pid)
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

    def serving(self):
        """Pids of the processes that carry traffic."""
        return [self.process.pid if self.wrapper else int(answers(self.who_port))]

    def reload(self):
        """Until the new generation answers."""
        old = answers(self.who_port)
        for _ in range(5):
            self.ask_reload()
            end = time.monotonic() + 3
            while time.monotonic() < end:
                if answers(self.who_port) not in (None, old):
                    return
        raise RuntimeError(f"{self.name} does not reload")


class Apus(Product):
    name = "apus"
    binary = ROOT / ".build/release/apus"

    def configure(self):
        self.socket_path = self.folder / "run/admin.sock"
        self.file = self.folder / "apus.yaml"
        self.file.write_text(configurations.apus(self, self.profile))
        if not self.is_valid() and self.profile == "full":
            self.without_limit = True
            self.file.write_text(configurations.apus(self, self.profile))
        if not self.is_valid():
            raise NotSupported(self.problems)
        self.program = self.wrapped() if self.wrapper else self.binary

    def is_valid(self):
        done = subprocess.run(
            [self.binary, "config", "validate", self.file], capture_output=True, text=True)
        self.problems = done.stderr
        return done.returncode == 0

    def wrapped(self):
        """A copy of the program beside a worker that starts the real one through the wrapper."""
        folder = self.folder / "bin"
        folder.mkdir()
        shutil.copy(self.binary, folder / "apus")
        # Old valgrinds cannot read the newest debugging information; names are enough.
        worker = folder / "real-worker"
        subprocess.run(
            ["strip", "--strip-debug", "-o", worker,
             Path(self.binary).with_name("apus-worker")], check=True)
        script = folder / "apus-worker"
        script.write_text(f"#!/bin/sh\nexec {' '.join(self.wrapper)} {worker}\n")
        script.chmod(0o755)
        return folder / "apus"

    def command(self):
        return [
            str(self.program), "run", "--config", str(self.file),
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
        return self.request("POST", "/v1/reloads", "{}")

    def reload(self):
        """Until it is done; what the API says of it."""
        return self.request("POST", "/v1/reloads?wait=60s", "{}")

    def serving(self):
        current = self.request("GET", "/v1/generations/current")
        return [worker["pid"] for worker in current["workers"] if worker["exit"] is None]

    @classmethod
    def version(cls):
        done = subprocess.run([cls.binary, "--version"], capture_output=True, text=True)
        return done.stdout.strip()


class HAProxy(Product):
    name = "haproxy"

    def configure(self):
        self.file = self.folder / "haproxy.cfg"
        self.file.write_text(configurations.haproxy(self, self.profile))

    def command(self):
        mode = [] if self.wrapper else ["-W"]
        return self.wrapper + ["/usr/sbin/haproxy", *mode, "-db", "-f", str(self.file)]

    def ask_reload(self):
        self.process.send_signal(signal.SIGUSR2)

    @classmethod
    def version(cls):
        done = subprocess.run(["haproxy", "-v"], capture_output=True, text=True)
        return done.stdout.split()[2].split("-")[0]


class HAProxySplicing(HAProxy):
    name = "haproxy-splice"
    splices = True


class Nginx(Product):
    name = "nginx"

    def configure(self):
        if self.profile == "queue":
            raise NotSupported("requests wait for a place in the commercial nginx only")
        self.file = self.folder / "nginx.conf"
        self.file.write_text(configurations.nginx(self, self.profile))

    def command(self):
        return self.wrapper + [
            "/usr/sbin/nginx", "-c", str(self.file), "-e", str(self.folder / "error.log")]

    def ask_reload(self):
        self.process.send_signal(signal.SIGHUP)

    @classmethod
    def version(cls):
        done = subprocess.run(["nginx", "-v"], capture_output=True, text=True)
        return done.stderr.strip().rsplit("/", 1)[1]


class Tools:
    """The programs of this folder, built for the run; and the origin, on the core of the load."""

    def __init__(self, folder):
        self.folder = Path(folder)
        compiler = shutil.which("cc") or shutil.which("clang")
        here = Path(__file__).parent
        for words in (["origin", "origin.c"], ["load", "load.c", "-lpthread"],
                      ["count-malloc.so", "-shared", "-fPIC", "count-malloc.c"]):
            subprocess.run(
                [compiler, "-O2", "-o", self.folder / words[0], *words[1:]], cwd=here, check=True)
        self.load = self.folder / "load"
        self.port = free_port()
        self.origin = subprocess.Popen(
            ["taskset", "-c", LOAD_CORE, str(self.folder / "origin"), str(self.port)])
        wait_for(lambda: answers(self.port), "the origin")

    def stop(self):
        self.origin.terminate()
        self.origin.wait()

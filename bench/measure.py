"""Single measurements. Every function measures one thing of one running proxy."""

import re
import resource
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

from proxies import LOAD_CORE, answers, wait_for

REQUEST = b"GET / HTTP/1.1\r\nHost: bench.example\r\n\r\n"


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median(values):
    return percentile(values, 0.5)


def cpu_ns(pids):
    """Time on a processor, of all threads, to the nanosecond (schedstat)."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(task.read_text().split()[0])
    return total


def pss_kib(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def wrk(port, seconds, connections=64):
    """Requests, requests per second, and errors."""
    done = subprocess.run(
        ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
         f"http://127.0.0.1:{port}/"], capture_output=True, text=True)
    requests = int(re.search(r"(\d+) requests in", done.stdout).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))
    bad = sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", done.stdout))
    for group in re.findall(r"Socket errors: (.*)", done.stdout):
        bad += sum(int(n) for n in re.findall(r"\d+", group))
    return requests, rate, bad


def request_cost(proxy, origin, seconds):
    """CPU per keep-alive request of all processes that carry traffic."""
    wrk(proxy.port, 1)
    pids, beside = proxy.serving(), [origin.process.pid]
    before, beside_before, start = cpu_ns(pids), cpu_ns(beside), time.monotonic()
    requests, rate, bad = wrk(proxy.port, seconds)
    elapsed = time.monotonic() - start
    return {
        "us_per_request": (cpu_ns(pids) - before) / requests / 1000,
        "requests_per_s": rate, "errors": bad,
        "origin_core_share": (cpu_ns(beside) - beside_before) / 1e9 / elapsed,
        "proxy_core_share": (cpu_ns(pids) - before) / 1e9 / elapsed}


def instructions(proxy, seconds=2):
    """Thousand instructions per request, or None where the machine does not count them."""
    pids = ",".join(str(pid) for pid in proxy.serving())
    counter = subprocess.Popen(
        ["perf", "stat", "-x,", "-e", "instructions", "-p", pids],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(0.3)
    requests, _, _ = wrk(proxy.port, seconds)
    counter.send_signal(signal.SIGINT)
    _, text = counter.communicate()
    found = re.search(r"^(\d+),", text, re.M)
    return int(found.group(1)) / requests / 1000 if found else None


def system_calls(proxy, seconds=2):
    """System calls per request and which, by strace."""
    tracer = subprocess.Popen(
        ["strace", "-f", "-c", "-U", "name,calls"]
        + [word for pid in proxy.serving() for word in ("-p", str(pid))],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    requests, _, _ = wrk(proxy.port, seconds)
    tracer.send_signal(signal.SIGINT)
    _, text = tracer.communicate()
    calls = {name: int(count) for name, count in re.findall(r"^(\w+)\s+(\d+)\s*$", text, re.M)}
    calls.pop("total", None)
    return {
        "per_request": sum(calls.values()) / requests,
        "by_name": {
            name: round(count / requests, 3)
            for name, count in sorted(calls.items(), key=lambda item: -item[1])[:6]}}


def reload_times(proxy, count):
    """From the command to the first answer of the new generation, and what the API adds."""
    serving, ready = [], []
    for _ in range(count):
        old = answers(proxy.who_port)
        start = time.monotonic()
        detail = None
        if proxy.name == "apus":
            # The answer comes when the new generation owns the listeners: ask beside it.
            from threading import Thread
            box = []
            thread = Thread(target=lambda: box.append(proxy.ask_reload()))
            thread.start()
        else:
            proxy.ask_reload()
        while answers(proxy.who_port) in (None, old):
            pass
        serving.append((time.monotonic() - start) * 1000)
        if proxy.name == "apus":
            thread.join()
            detail = box[0]
            steps = {step["name"]: step["ms"] or 0 for step in detail["steps"]}
            ready.append(steps["VALIDATE"] + steps["SPAWN"] + steps["WAIT_READY"])
        time.sleep(0.15)
    result = {"serving_ms": median(serving), "serving_p99_ms": percentile(serving, 0.99)}
    if ready:
        result |= {"ready_ms": median(ready), "ready_p99_ms": percentile(ready, 0.99)}
        generation = proxy.request("GET", "/v1/generations/current")
        result["init_ms"] = generation["init_ms"]
    return result


def start_times(make, count):
    """From exec of the master to the first answer of a worker."""
    times = []
    for _ in range(count):
        proxy = make()
        start = time.monotonic()
        proxy.start()
        while not answers(proxy.who_port):
            pass
        times.append((time.monotonic() - start) * 1000)
        proxy.stop()
    return {"median_ms": median(times), "p99_ms": percentile(times, 0.99)}


def memory(proxy, clients):
    """Proportional set sizes, in KiB, of master, idle worker, leaver; and per idle client."""
    result = {"master_kib": pss_kib(proxy.process.pid)}
    worker = proxy.serving()[0]
    idle = pss_kib(worker)
    result["idle_worker_kib"] = idle
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, clients + 1000), hard))
    sockets = []
    for _ in range(clients):
        client = socket.create_connection(("127.0.0.1", proxy.port))
        client.sendall(REQUEST)
        received = b""
        while not received.endswith(b"x" * 1024):
            received += client.recv(65536)
        sockets.append(client)
    time.sleep(0.5)
    result["kib_per_idle_client"] = (pss_kib(worker) - idle) / clients
    for client in sockets:
        client.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    # A leaver that is pinned by one slow transfer.
    pin = socket.create_connection(("127.0.0.1", proxy.port))
    pin.sendall(REQUEST.replace(b"GET /", b"GET /slow"))
    pin.recv(100)
    before = proxy.serving()[0]
    proxy.reload()
    wait_for(lambda: proxy.serving()[0] != before, "the next generation")
    time.sleep(1)
    if Path(f"/proc/{before}").exists():
        result["leaver_kib"] = pss_kib(before)
    pin.close()
    return result


def latency(proxy, seconds, reloads):
    """Keep-alive requests at a fixed rate, timed from when each was due; a reload each second
    if asked for. Connections that the proxy ends in order are opened again."""
    rate, width = 1000, 32
    clients = [socket.create_connection(("127.0.0.1", proxy.port)) for _ in range(width)]
    poller = select.epoll()
    for client in clients:
        poller.register(client, select.EPOLLIN)
    by_number = {client.fileno(): client for client in clients}
    idle, due, times, lost = list(by_number), {}, [], 0
    start = time.monotonic()
    next_due, next_reload = start, start + 0.5
    while time.monotonic() < start + seconds:
        now = time.monotonic()
        if reloads and now >= next_reload:
            next_reload += 1
            if proxy.name == "apus":
                proxy.request("POST", "/v1/reloads", "{}")
            else:
                proxy.ask_reload()
        while next_due <= now and idle:
            number = idle.pop(0)
            try:
                by_number[number].sendall(REQUEST)
                due[number] = next_due
            except OSError:
                lost += 1
                _reopen(proxy, poller, by_number, number, idle)
            next_due += 1 / rate
        for number, _ in poller.poll(max(0, min(0.01, next_due - time.monotonic()))):
            try:
                bytes_in = by_number[number].recv(65536)
            except OSError:
                bytes_in = b""
            if bytes_in and number in due:
                times.append((time.monotonic() - due.pop(number)) * 1e6)
                if b"onnection: close" in bytes_in:
                    _reopen(proxy, poller, by_number, number, idle)
                else:
                    idle.append(number)
            elif not bytes_in:
                lost += due.pop(number, None) is not None
                if number in idle:
                    idle.remove(number)
                _reopen(proxy, poller, by_number, number, idle)
    for client in by_number.values():
        client.close()
    return {
        "p50_us": median(times), "p99_us": percentile(times, 0.99), "lost": lost,
        "requests": len(times)}


def _reopen(proxy, poller, by_number, number, idle):
    poller.unregister(number)
    by_number.pop(number).close()
    client = socket.create_connection(("127.0.0.1", proxy.port))
    poller.register(client, select.EPOLLIN)
    by_number[client.fileno()] = client
    idle.append(client.fileno())

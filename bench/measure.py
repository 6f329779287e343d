"""Single measurements. Every function measures one thing of one running product."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path
from threading import Thread

from proxies import ENVIRONMENT, LOAD_CORE, answers, wait_for

# Above this, a cache line is slow on its way from core to core, and everything with it: the state
# that virtual machines fall into now and then (normal: 80 ns).
SLOW_CACHE_LINE_NS = 200
# Share of a core that others may take before a sample counts as disturbed.
OTHERS_MAX = 0.05


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def cpu_ns(pids):
    """Time on a processor, of all threads, to the nanosecond (schedstat)."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(task.read_text().split()[0])
    return total


def machine_busy_seconds():
    """Time that all cores were busy or taken away by the host."""
    user, nice, system, _, _, irq, softirq, steal = (
        int(word) for word in Path("/proc/stat").read_text().split(None, 9)[1:9])
    ticks = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq + steal) / ticks


def pss_kib(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def cache_line_ns(tools):
    done = subprocess.run([tools.load, "-m"], capture_output=True, text=True, check=True)
    return float(done.stdout)


def load(tools, product, words, on_count=lambda: None):
    """Runs the load; `on_count` is called when it begins to count. What it saw."""
    process = subprocess.Popen(
        ["taskset", "-c", LOAD_CORE, str(tools.load), *map(str, words), str(product.port)],
        stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    on_count()
    seen = json.loads(process.stdout.readline())
    process.wait()
    if seen["requests"] == 0:
        raise RuntimeError(f"{product.name} answered nothing: {seen}")
    return seen


def cost(tools, product, words, seconds):
    """CPU per request and per MB of all processes that carry traffic; rates; latencies."""
    line = cache_line_ns(tools)
    pids, beside = product.serving(), [tools.origin.pid]
    before = {}

    def begin():
        before.update(cpu=cpu_ns(pids), origin=cpu_ns(beside), all=machine_busy_seconds())

    seen = load(tools, product, ["-d", seconds, "-w", min(0.3, seconds / 4), *words], begin)
    used, origin = cpu_ns(pids) - before["cpu"], cpu_ns(beside) - before["origin"]
    elapsed = seen["seconds"]
    proxy_share, origin_share = used / 1e9 / elapsed, origin / 1e9 / elapsed
    own = proxy_share + origin_share + seen["cpu_share"]
    others = (machine_busy_seconds() - before["all"]) / elapsed - own
    return {
        "us_per_request": used / seen["requests"] / 1000,
        "us_per_mb": used / 1000 / (seen["bytes"] / (1 << 20)),
        "requests_per_s": seen["requests"] / elapsed,
        "p50_us": seen["p50_us"], "p99_us": seen["p99_us"],
        "errors": seen["refused"] + seen["lost"] + seen["not_ok"],
        "proxy_core_share": proxy_share, "load_core_share": origin_share + seen["cpu_share"],
        "cache_line_ns": line, "others_share": others,
        "disturbed": line > SLOW_CACHE_LINE_NS or others > OTHERS_MAX}


def instructions(tools, product, words, requests):
    """Instructions in user space per request of a product that runs in callgrind."""
    pid = product.serving()[0]
    load(tools, product, ["-n", 2_000, "-d", 60, *words])
    control(product, "-z", pid)
    seen = load(tools, product, ["-n", requests, "-d", 60, *words])
    control(product, "-d", pid)
    # The dump that was asked for is the first; what follows is the end of the process.
    found = wait_for(
        lambda: sorted(product.folder.glob(f"callgrind.{pid}.*")), "callgrind's dump")
    text = found[0].read_text()
    total = int(re.search(r"^(?:totals|summary): (\d+)", text, re.M).group(1))
    return total / seen["requests"]


def callgrind(folder, name):
    """What a product is started through for `instructions`."""
    place = f"{folder}/{name}"
    return ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={place}/callgrind.%p",
            f"--vgdb-prefix={place}/vgdb"]


def control(product, word, pid):
    done = subprocess.run(
        ["callgrind_control", f"--vgdb-prefix={product.folder}/vgdb", word, str(pid)],
        capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode != 0 or "OK" not in done.stdout:
        raise RuntimeError(f"callgrind_control: {done.stdout}{done.stderr}")


def allocations(tools, product, words, seconds):
    """Calls of malloc(3) and its like per request; `count-malloc.so` is preloaded."""
    counter = product.folder / "allocations"

    def count():
        return int.from_bytes(counter.read_bytes(), "little")

    load(tools, product, ["-d", seconds, *words])
    before = []
    # The connections are made before counting begins.
    seen = load(
        tools, product, ["-d", seconds, "-w", 0.3, *words], lambda: before.append(count()))
    return (count() - before[0]) / seen["requests"]


def system_calls(tools, product, words, seconds):
    """System calls per request: by a counter of the kernel, which costs the product little. By
    strace, which slows it down, where there is none; and with names from strace."""
    pids = [str(pid) for pid in product.serving()]
    counter = subprocess.Popen(
        ["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p", ",".join(pids)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(0.3)
    seen = load(tools, product, ["-d", seconds, *words])
    counter.send_signal(signal.SIGINT)
    found = re.search(r"^(\d+),", counter.communicate()[1], re.M)
    by_name = traced_calls(tools, product, pids, words, seconds)
    count = int(found.group(1)) / seen["requests"] if found else sum(by_name.values())
    return count, by_name


def traced_calls(tools, product, pids, words, seconds):
    tracer = subprocess.Popen(
        ["strace", "-f", "-c", "-U", "name,calls"]
        + [word for pid in pids for word in ("-p", pid)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    seen = load(tools, product, ["-d", seconds, *words])
    tracer.send_signal(signal.SIGINT)
    text = tracer.communicate()[1]
    calls = {name: int(count) for name, count in re.findall(r"^(\w+)\s+(\d+)\s*$", text, re.M)}
    calls.pop("total", None)
    return {
        name: round(count / seen["requests"], 3)
        for name, count in sorted(calls.items(), key=lambda item: -item[1])[:8]}


def idle_client(tools, product, clients):
    """KiB of the worker per idle keep-alive client, each of which has had one answer."""
    worker = product.serving()[0]
    # One client first: what the first request brings with it is no client's share.
    answers(product.port)
    before = pss_kib(worker)
    process = subprocess.Popen(
        ["taskset", "-c", LOAD_CORE, str(tools.load), "-b", "-i", "-c", str(clients),
         str(product.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    seen = json.loads(process.stdout.readline())
    after = pss_kib(worker)
    process.stdin.close()
    process.wait()
    if seen["requests"] < clients:
        raise RuntimeError(f"{product.name} answered {seen} of {clients}")
    return (after - before) / clients


def footprint(product):
    """KiB (PSS) of master and worker, and of a worker that leaves, pinned by a slow transfer."""
    worker = product.serving()[0]
    result = {"master_kib": pss_kib(product.process.pid), "worker_kib": pss_kib(worker)}
    pin = socket.create_connection(("127.0.0.1", product.port))
    pin.sendall(b"GET /slow HTTP/1.1\r\nHost: bench.example\r\n\r\n")
    pin.recv(100)
    product.reload()
    wait_for(lambda: product.serving()[0] != worker, "the next generation")
    time.sleep(1)
    if Path(f"/proc/{worker}").exists():
        result["leaver_kib"] = pss_kib(worker)
    pin.close()
    return result


def under_reloads(tools, product, seconds, rate, width):
    """Latency of keep-alive requests at a fixed rate, quiet and with a reload each second."""
    words = ["-c", width, "-r", rate, "-w", 0.3]
    quiet = load(tools, product, [*words, "-d", seconds])
    stop = []

    def reload_each_second():
        due = time.monotonic()
        while not stop:
            product.ask_reload()
            due += 1
            while not stop and time.monotonic() < due:
                time.sleep(0.01)

    asking = Thread(target=reload_each_second)
    during = load(tools, product, [*words, "-d", seconds], asking.start)
    stop.append(True)
    asking.join()
    return {
        "quiet_p99_us": quiet["p99_us"], "p99_us": during["p99_us"],
        "lost": during["lost"] + during["refused"] + during["not_ok"],
        "reopened": during["reopened"], "requests": during["requests"],
        "ratio": during["p99_us"] / max(1, quiet["p99_us"])}


def reload_times(product, count):
    """Milliseconds from the command to the first answer of the new generation."""
    serving, ready, unheard = [], [], 0
    while len(serving) < count:
        old = answers(product.who_port)
        start = time.monotonic()
        box = []
        # Where the answer comes when all is done: ask beside it.
        asking = Thread(target=lambda: box.append(
            product.reload() if product.name == "apus" else product.ask_reload()))
        asking.start()
        while answers(product.who_port) in (None, old) and time.monotonic() < start + 3:
            pass
        took = time.monotonic() - start
        asking.join()
        # haproxy does not hear a signal that comes soon after a reload.
        if took >= 3:
            unheard += 1
            if unheard > count:
                raise RuntimeError(f"{product.name} does not reload")
            continue
        serving.append(took * 1000)
        if product.name == "apus":
            steps = {step["name"]: step["ms"] or 0 for step in box[0]["steps"]}
            ready.append(steps["VALIDATE"] + steps["SPAWN"] + steps["WAIT_READY"])
        time.sleep(0.15)
    result = {
        "serving_ms": median(serving), "serving_p99_ms": percentile(serving, 0.99),
        "unheard": unheard}
    if ready:
        result |= {"ready_ms": median(ready), "ready_p99_ms": percentile(ready, 0.99)}
        result["init_ms"] = product.request("GET", "/v1/generations/current")["init_ms"]
    return result


def start_times(make, count):
    """Milliseconds from exec of the first process to the first answer."""
    times = []
    for _ in range(count):
        product = make()
        start = time.monotonic()
        product.start()
        while not answers(product.who_port):
            pass
        times.append((time.monotonic() - start) * 1000)
        product.stop()
    return {"median_ms": median(times), "p99_ms": percentile(times, 0.99)}

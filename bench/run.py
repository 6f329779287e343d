"""Measures Apus against Debian's haproxy and nginx, in the same run, in interleaved rounds.

    python3 bench/run.py [--rounds 3] [--seconds 3] [--only requests,calls,reload,start,memory,latency]

Prints a table and writes bench/results/latest.json. What the figures mean, and what they are
good for: docs/performance.md.
"""

import argparse
import json
import platform
import tempfile
import time
from pathlib import Path

import measure
from proxies import CLIENTS_MAX, LOAD_CORE, PROXY_CORE, Apus, HAProxy, Nginx, Origin

KINDS = [Apus, HAProxy, Nginx]
PARTS = ["requests", "calls", "reload", "start", "memory", "latency"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--reloads", type=int, default=50)
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--apus", help="program to measure, not .build/release/apus")
    options = parser.parse_args()
    if options.apus:
        Apus.binary = Path(options.apus)
    parts = options.only.split(",")
    with tempfile.TemporaryDirectory(prefix="apus-bench-") as folder:
        origin = Origin(folder).start()
        try:
            results = run(parts, options, folder, origin)
        finally:
            origin.stop()
    target = Path(__file__).parent / "results"
    target.mkdir(exist_ok=True)
    (target / "latest.json").write_text(json.dumps(results, indent=1))
    show(results)
    print(f"\nwritten to {target / 'latest.json'}")


def run(parts, options, folder, origin):
    results = {
        "machine": {
            "cpu": cpu_name(), "kernel": platform.release(),
            "cores": f"proxy on {PROXY_CORE}, load and origin on {LOAD_CORE}"},
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    proxies = [kind(folder, origin.port).start().wait_until_ready() for kind in KINDS]
    results["version"] = {proxy.name: proxy.version() for proxy in proxies}
    try:
        if "requests" in parts:
            results["requests"] = requests(proxies, origin, options)
        if "calls" in parts:
            results["calls"] = {}
            for proxy in proxies:
                log(f"system calls of {proxy.name}")
                results["calls"][proxy.name] = measure.system_calls(proxy)
                results["calls"][proxy.name]["kilo_instructions"] = measure.instructions(proxy)
        if "reload" in parts:
            results["reload"] = each(
                proxies, "reload", lambda proxy: measure.reload_times(proxy, options.reloads))
        if "latency" in parts:
            results["latency"] = each(
                proxies, "latency", lambda proxy: {
                    "quiet": measure.latency(proxy, 6, reloads=False),
                    "reloads": measure.latency(proxy, 10, reloads=True)})
        if "memory" in parts:
            for proxy in proxies:
                proxy.stop()
            proxies = [kind(folder, origin.port).start().wait_until_ready() for kind in KINDS]
            results["memory"] = each(
                proxies, "memory", lambda proxy: measure.memory(proxy, min(options.clients, CLIENTS_MAX - 100)))
    finally:
        for proxy in proxies:
            proxy.stop()
    if "start" in parts:
        results["start"] = {}
        for kind in KINDS:
            log(f"start of {kind.name}")
            results["start"][kind.name] = measure.start_times(
                lambda kind=kind: kind(folder, origin.port, pinned=False), 15)
    return results


def requests(proxies, origin, options):
    """Rounds, each with every proxy, so that the machine's moods hit all alike."""
    samples = {proxy.name: [] for proxy in proxies}
    for number in range(options.rounds):
        for proxy in proxies:
            log(f"requests, round {number + 1}, {proxy.name}")
            samples[proxy.name].append(measure.request_cost(proxy, origin, options.seconds))
    result = {}
    for name, rounds in samples.items():
        result[name] = {
            key: measure.median([sample[key] for sample in rounds]) for key in rounds[0]}
        result[name]["range_us"] = [
            min(sample["us_per_request"] for sample in rounds),
            max(sample["us_per_request"] for sample in rounds)]
        result[name]["errors"] = sum(sample["errors"] for sample in rounds)
    anchor = [sample["us_per_request"] for sample in samples["haproxy"]]
    for name, rounds in samples.items():
        result[name]["ratio_to_haproxy"] = measure.median(
            [sample["us_per_request"] / base for sample, base in zip(rounds, anchor)])
    return result


def each(proxies, what, measurement):
    result = {}
    for proxy in proxies:
        log(f"{what} of {proxy.name}")
        result[proxy.name] = measurement(proxy)
    return result


def show(results):
    names = [kind.name for kind in KINDS]
    rows = []

    def row(title, part, *path, form="{:.2f}"):
        cells = []
        for name in names:
            value = results.get(part, {}).get(name)
            for key in path:
                value = value.get(key) if isinstance(value, dict) else None
            cells.append("-" if value is None else form.format(value))
        if any(cell != "-" for cell in cells):
            rows.append([title] + cells)

    row("CPU per request, us", "requests", "us_per_request")
    row("ratio to haproxy", "requests", "ratio_to_haproxy")
    row("requests per second", "requests", "requests_per_s", form="{:.0f}")
    row("errors", "requests", "errors", form="{:.0f}")
    row("share of its core, proxy", "requests", "proxy_core_share")
    row("share of its core, origin", "requests", "origin_core_share")
    row("system calls per request", "calls", "per_request")
    row("1000 instructions per request", "calls", "kilo_instructions", form="{:.1f}")
    row("reload to READY, ms, median", "reload", "ready_ms", form="{:.1f}")
    row("reload to READY, ms, p99", "reload", "ready_p99_ms", form="{:.1f}")
    row("reload to serving, ms, median", "reload", "serving_ms", form="{:.1f}")
    row("reload to serving, ms, p99", "reload", "serving_p99_ms", form="{:.1f}")
    row("spawn to READY, ms", "reload", "init_ms", form="{:.0f}")
    row("start to first answer, ms", "start", "median_ms", form="{:.1f}")
    row("memory of the master, KiB", "memory", "master_kib", form="{:.0f}")
    row("memory of an idle worker, KiB", "memory", "idle_worker_kib", form="{:.0f}")
    row("memory of a leaver, KiB", "memory", "leaver_kib", form="{:.0f}")
    row("KiB per idle client", "memory", "kib_per_idle_client")
    row("p99 at 1000/s, us", "latency", "quiet", "p99_us", form="{:.0f}")
    row("p99 with reloads, us", "latency", "reloads", "p99_us", form="{:.0f}")
    row("lost with reloads", "latency", "reloads", "lost", form="{:.0f}")
    width = max(len(cells[0]) for cells in rows) + 2
    versions = results["version"]
    print(" " * width + "".join(f"{name + ' ' + versions[name]:>18}" for name in names))
    for cells in rows:
        print(cells[0].ljust(width) + "".join(f"{cell:>18}" for cell in cells[1:]))


def cpu_name():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def log(text):
    print(f"  {text}", flush=True)


if __name__ == "__main__":
    main()

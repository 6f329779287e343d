"""Measures Apus against Debian's haproxy and nginx, in the same run, in interleaved rounds.

    python3 bench/run.py [--rows h1-ka,full] [--rounds 5] [--seconds 1.5] [--quick] [--list]

Prints a table and writes bench/results/latest.json, in which rows that were not measured this time
stay as they were. What the figures mean, and what they are good for: docs/performance.md.
"""

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
import time
from pathlib import Path

import measure
from proxies import LOAD_CORE, PROXY_CORE, Apus, HAProxy, Nginx, Tools
from rows import ROWS, Run

RESULTS = Path(__file__).parent / "results" / "latest.json"
NAMES = ["apus", "haproxy", "haproxy-splice", "nginx"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", help="names, with commas between; all without it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="of a sample")
    parser.add_argument("--reloads", type=int, default=30)
    parser.add_argument("--clients", type=int, default=10_000, help="idle ones")
    parser.add_argument("--quick", action="store_true", help="one round, 1 s a sample: does it run")
    parser.add_argument("--list", action="store_true", help="show the rows")
    parser.add_argument(
        "--favoured", action="store_true", help="before all else that runs here: ask whose it is")
    parser.add_argument("--apus", help="program to measure, not .build/release/apus")
    options = parser.parse_args()
    if options.list:
        for row in ROWS:
            print(f"{row.key:18} {row.title}; {row.unit}")
        return
    rows = chosen(parser, options.rows)
    if options.quick:
        options.rounds, options.seconds = 1, 1
    if options.apus:
        Apus.binary = Path(options.apus).resolve()
    # The products are stopped whatever ends the run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    results = {
        "machine": {
            "cpu": cpu_name(), "kernel": platform.release(),
            "favoured": options.favoured and come_first(-20),
            "cores": f"proxy on {PROXY_CORE}, load and origin on {LOAD_CORE}"},
        "version": {kind.name: kind.version() for kind in (Apus, HAProxy, Nginx)}, "rows": {}}
    with tempfile.TemporaryDirectory(prefix="apus-bench-") as folder:
        tools = Tools(folder)
        try:
            for row in rows:
                print(f"{row.key}: {row.title}", flush=True)
                results["rows"][row.key] = measured(row, options, folder, tools)
                keep(results)
        finally:
            tools.stop()
            if options.favoured:
                come_first(0)
    show(rows, results)
    print(f"\nwritten to {RESULTS}")


def measured(row, options, folder, tools):
    work = Run(options, tools, folder, lambda text: print(f"  {text}", flush=True))
    line, start = measure.cache_line_ns(tools), time.monotonic()
    samples = row.measure(work)
    return {
        "title": row.title, "unit": row.unit, "metric": row.metric, "samples": samples,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "took_s": round(time.monotonic() - start, 1), "cache_line_ns": line,
        "notes": work.notes, "summary": summary(row, samples)}


def keep(results):
    """Rows of earlier runs stay, each with its time."""
    RESULTS.parent.mkdir(exist_ok=True)
    kept = json.loads(RESULTS.read_text())["rows"] if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(dict(results, rows=kept | results["rows"]), indent=1))


def come_first(nice):
    """-20: before whatever else runs on the machine, for all that is started from here; if allowed.
    0: among the others again."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
        # Among sessions, where the kernel groups by them (sched(7)).
        group = Path("/proc/self/autogroup")
        if group.exists():
            group.write_text(str(nice))
        return True
    except OSError:
        return False


def chosen(parser, names):
    if not names:
        return ROWS
    known = {row.key: row for row in ROWS}
    for name in names.split(","):
        if name not in known:
            parser.error(f"no row {name}; there are {', '.join(known)}")
    return [known[name] for name in names.split(",")]


def summary(row, samples):
    """Medians and ranges; ratios within a round, and what became of the targets."""
    values = {name: [sample[row.metric] for sample in rounds] for name, rounds in samples.items()}
    result = {"values": {name: spread(numbers) for name, numbers in values.items()}, "ratios": {}}
    if "apus" not in values:
        return result
    for name in values:
        if name != "apus" and min(values[name]) > 0:
            result["ratios"][name] = spread(
                [own / other for own, other in zip(values["apus"], values[name])])
    result["targets"] = [
        verdict(target, result) for target in row.targets if target[0] == "value"
        or [name for name in result["ratios"] if target[0] in (name, "best", "best-copying")]]
    return result


def spread(numbers):
    return {"median": measure.median(numbers), "least": min(numbers), "most": max(numbers)}


def verdict(target, result):
    name, limit = target
    if name == "value":
        figure, against = result["values"]["apus"], ""
    else:
        if name in ("best", "best-copying"):
            others = {other: figure["median"] for other, figure in result["values"].items()
                      if other != "apus" and not (name == "best-copying" and "splice" in other)}
            name = min(others, key=others.get)
        figure, against = result["ratios"][name], f" x {name}"
    excess = figure["median"] / limit - 1
    return {"text": f"<= {limit:g}{against}", "met": excess <= 0, "figure": figure["median"],
            "said": "met" if excess <= 0 else f"missed by {excess * 100:.0f} %"}


def show(rows, results):
    versions = results["version"]
    names = [name for name in NAMES if any(
        name in results["rows"][row.key]["samples"] for row in rows)]
    print("\n| row | unit | " + " | ".join(
        f"{name} {versions.get(name, '')}".strip() for name in names) + " | ratios | target |")
    print("|---|---|" + "---|" * (len(names) + 2))
    for row in rows:
        part = results["rows"][row.key]["summary"]
        cells = []
        for name in names:
            figure = part["values"].get(name)
            cells.append(ranged(figure, row.form) if figure else "-")
        ratios = ", ".join(
            f"{name} {ranged(figure, '{:.2f}')}" for name, figure in part["ratios"].items())
        goals = "; ".join(
            f"{goal['text']}: {goal['said']}" for goal in part.get("targets", []))
        print(f"| {row.title} | {row.unit} | {' | '.join(cells)} | {ratios} | {goals} |")
    print()
    for row in rows:
        for text in remarks(results["rows"][row.key]):
            print(f"{row.key}: {text}")


def ranged(figure, form):
    middle, least, most = (form.format(figure[key]) for key in ("median", "least", "most"))
    return middle if least == most else f"{middle} ({least}-{most})"


def remarks(part):
    """What a reader has to know before he believes the row."""
    yield from part["notes"]
    samples = [(name, sample) for name, rounds in part["samples"].items() for sample in rounds]
    disturbed = sum(sample.get("disturbed", False) for _, sample in samples)
    lines = [sample["cache_line_ns"] for _, sample in samples if "cache_line_ns" in sample]
    if disturbed:
        took = f" (a cache line took {min(lines):.0f}-{max(lines):.0f} ns, normal is 80)" if lines else ""
        yield f"the machine was disturbed in {disturbed} of {len(samples)} samples{took}"
    errors = {name for name, sample in samples if sample.get("errors", 0) or sample.get("lost", 0)}
    if errors:
        yield f"errors of {', '.join(sorted(errors))}: see the samples"
    limited = {name for name, sample in samples
               if sample.get("load_core_share", 0) > 0.97 > sample.get("proxy_core_share", 1)}
    if limited:
        yield f"the core of load and origin was the limit, not {', '.join(sorted(limited))}"


def cpu_name():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


if __name__ == "__main__":
    main()

"""The rows of the table: what is measured, on whom, and what is to be reached. A row starts its
products afresh and measures them in turns, round by round, so that the machine's moods hit all."""

from contextlib import contextmanager
from dataclasses import dataclass, field

import measure
from configurations import FULL_TARGET
from proxies import CLIENTS_MAX, Apus, HAProxy, HAProxySplicing, Nginx, NotSupported

THREE = (Apus, HAProxy, Nginx)
FOUR = (Apus, HAProxy, HAProxySplicing, Nginx)
BROWSER = ("-b", "-c", 64)
FULL = (*BROWSER, "-p", FULL_TARGET)


@dataclass
class Row:
    key: str
    title: str
    unit: str
    # options, tools, folder, note → {product: [sample]}
    measure: object
    # What of a sample the row is about.
    metric: str = "value"
    # (a product, `best` of the others, `best-copying`, or `value`; at most so much of it)
    targets: tuple = ()
    form: str = "{:.2f}"


@dataclass
class Run:
    """What a row has to work with."""
    options: object
    tools: object
    folder: str
    log: object
    notes: list = field(default_factory=list)

    @contextmanager
    def products(self, kinds, profile="plain", **how):
        """Running ones, those that can do it."""
        running = []
        try:
            for kind in kinds:
                product = kind(self.folder, self.tools.port, profile, **how)
                running += self.started(product)
            yield running
        finally:
            for product in running:
                product.stop()

    def started(self, product):
        try:
            product.start()
        except NotSupported as reason:
            self.notes.append(f"{product.name} is not in it: {str(reason).strip()}")
            return []
        try:
            if product.without_limit:
                self.notes.append(f"{product.name} without a rate limit, which it refuses")
            return [product.ready()]
        except BaseException:
            product.stop()
            raise


def cost(kinds, profile, words, seconds=None, rounds=None):
    """CPU and latency in rounds."""
    def run(run):
        with run.products(kinds, profile) as products:
            samples = {product.name: [] for product in products}
            for number in range(rounds or run.options.rounds):
                # Who comes first in a round is not always the same.
                turn = number % len(products)
                for product in products[turn:] + products[:turn]:
                    run.log(f"round {number + 1}, {product.name}")
                    samples[product.name].append(measure.cost(
                        run.tools, product, words, seconds or run.options.seconds))
            return samples
    return run


def one_by_one(kinds, profile, function, rounds=1, **how):
    """`function` of each product, each alone on the machine."""
    def run(run):
        samples = {kind.name: [] for kind in kinds}
        for number in range(1 if run.options.quick else rounds):
            for kind in kinds:
                run.log(f"round {number + 1}, {kind.name}")
                arguments = {key: value(run) if callable(value) else value
                             for key, value in how.items()}
                with run.products([kind], profile, **arguments) as products:
                    samples[kind.name] += [function(run, product) for product in products]
        return {name: values for name, values in samples.items() if values}
    return run


def in_callgrind(kinds, profile, words):
    requests = 20_000

    def count(run, product):
        return {"value": measure.instructions(
            run.tools, product, words, 2_000 if run.options.quick else requests)}

    def run(run):
        samples = {kind.name: [] for kind in kinds}
        for kind in kinds:
            run.log(kind.name)
            wrapper = measure.callgrind(run.folder, kind.name)
            with run.products([kind], profile, wrapper=wrapper) as products:
                samples[kind.name] += [count(run, product) for product in products]
        return {name: values for name, values in samples.items() if values}
    return run


def allocations(words, profile):
    def count(run, product):
        return {"value": measure.allocations(run.tools, product, words, 1)}

    def run(run):
        samples = {}
        for kind in THREE:
            run.log(kind.name)
            counter = f"{run.folder}/{kind.name}/allocations"
            with run.products([kind], profile, wrapper=(
                    "/usr/bin/env", f"COUNT_MALLOC={counter}",
                    f"LD_PRELOAD={run.folder}/count-malloc.so")) as products:
                for product in products:
                    samples[kind.name] = [count(run, product)]
        return samples
    return run


def calls(run, product):
    count, names = measure.system_calls(run.tools, product, BROWSER, 1)
    return {"value": count, "by_name": names}


def idle(run, product):
    clients = min(1_000 if run.options.quick else run.options.clients, CLIENTS_MAX - 100)
    return {"value": measure.idle_client(run.tools, product, clients)}


def reloads_p99(run, product):
    return measure.under_reloads(
        run.tools, product, 2 if run.options.quick else 6, rate=2_000, width=32)


def reload_times(run, product):
    return measure.reload_times(product, 5 if run.options.quick else run.options.reloads)


def start_times(run):
    samples = {}
    for kind in THREE:
        run.log(kind.name)
        samples[kind.name] = [measure.start_times(
            lambda: kind(run.folder, run.tools.port, pinned=False),
            3 if run.options.quick else 10)]
    return samples


def threads(run):
    """CPU per request of two threads, for one of one thread: all that two cores can say, of which
    the load needs one."""
    samples = {kind.name: [] for kind in THREE}
    for number in range(run.options.rounds):
        for kind in THREE:
            run.log(f"round {number + 1}, {kind.name}")
            figures = []
            for count in (1, 2):
                with run.products([kind], threads=count, pinned=False) as products:
                    figures.append(measure.cost(
                        run.tools, products[0], BROWSER, run.options.seconds))
            one, two = figures
            samples[kind.name].append({
                "value": two["us_per_request"] / one["us_per_request"],
                "us_per_request": two["us_per_request"], "disturbed": two["disturbed"],
                "requests_per_s": two["requests_per_s"]})
    return samples


def footprint(run, product):
    return measure.footprint(product)


US = "us CPU/request"
US_MB = "us CPU/MB"
ROWS = [
    Row("h1-ka", "keep-alive, 1 KB", US, cost(THREE, "plain", BROWSER), "us_per_request",
        (("haproxy", 0.65), ("nginx", 0.8))),
    Row("instructions", "the same, user instructions", "per request",
        in_callgrind(THREE, "plain", BROWSER), targets=(("value", 10_000),), form="{:.0f}"),
    Row("syscalls", "the same, system calls", "per request", one_by_one(THREE, "plain", calls),
        targets=(("value", 4.1),)),
    Row("allocations", "the same, allocations", "per request", allocations(BROWSER, "plain"),
        targets=(("value", 0.0005),), form="{:.4f}"),
    Row("full", "20 routes, 5 header rules, JSON log, rate limit", US,
        cost(THREE, "full", FULL), "us_per_request", (("haproxy", 0.6),)),
    Row("full-instructions", "the same, user instructions", "per request",
        in_callgrind(THREE, "full", FULL), form="{:.0f}"),
    Row("full-allocations", "the same, allocations", "per request", allocations(FULL, "full"),
        targets=(("value", 0.0005),), form="{:.4f}"),
    Row("h1-close", "a connection per request", US, cost(THREE, "plain", (*BROWSER, "-x")),
        "us_per_request", (("best", 0.85),)),
    Row("100k", "100 KB answers", US_MB,
        cost(FOUR, "plain", ("-b", "-c", 32, "-p", "/?b=102400")), "us_per_mb",
        (("best-copying", 0.9), ("haproxy-splice", 0.95)), "{:.0f}"),
    Row("1m", "1 MB answers", US_MB,
        cost(FOUR, "plain", ("-b", "-c", 32, "-p", "/?b=1048576")), "us_per_mb",
        (("best-copying", 0.9), ("haproxy-splice", 0.95)), "{:.0f}"),
    Row("tcp-ka", "TCP mode, 1 KB", US, cost(FOUR, "tcp", BROWSER), "us_per_request",
        (("best", 0.97),)),
    Row("tcp-1m", "TCP mode, 1 MB answers", US_MB,
        cost(FOUR, "tcp", ("-b", "-c", 32, "-p", "/?b=1048576")), "us_per_mb",
        (("best", 0.95),), "{:.0f}"),
    Row("fixed", "20,000 requests/s, p99", "us",
        cost(THREE, "plain", (*BROWSER, "-r", 20_000)), "p99_us",
        (("best", 1.0),), "{:.0f}"),
    Row("queue", "500 clients, 8 connections to the server", US,
        cost((Apus, HAProxy), "queue", ("-b", "-c", 500)), "us_per_request",
        (("haproxy", 0.8),)),
    Row("idle", "an idle keep-alive client", "KiB of the worker",
        one_by_one(THREE, "plain", idle), targets=(("value", 0.4),)),
    Row("reload-p99", "p99 with a reload each second, to before", "ratio",
        one_by_one(THREE, "plain", reloads_p99, rounds=2, pinned=False, threads=2), "ratio",
        (("value", 1.3),)),
    Row("reload", "reload to serving", "ms",
        one_by_one(THREE, "plain", reload_times, pinned=False), "serving_ms",
        (("value", 15),), "{:.1f}"),
    Row("threads", "CPU per request with 2 threads, to 1", "ratio", threads),
    Row("start", "start to first answer", "ms", start_times, "median_ms", form="{:.1f}"),
    Row("memory", "an idle worker", "KiB", one_by_one(THREE, "plain", footprint), "worker_kib",
        form="{:.0f}"),
]

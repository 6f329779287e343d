#!/usr/bin/env python3
"""Prints a configuration of nearly 10 MB with 10,000 servers, for measuring the language.

large_configuration.py [--dense] [--references] [--weight N]

--dense       14,000 routes with several matches and header rules each, nearly 600,000 values
--references  a reference in each server (with --dense)
--weight N    of every seventh server: two of them have 1,429 changes
"""
import argparse

SERVERS, PER_BACKEND = 10_000, 10
BACKENDS = SERVERS // PER_BACKEND

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--dense", action="store_true")
parser.add_argument("--references", action="store_true")
parser.add_argument("--weight", type=int, default=50)
given = parser.parse_args()
slow_start = '"${env:SLOW_START:-10s}"' if given.references else "10s"


def plain_frontends():
    yield '  web:\n    bind: "127.0.0.1:18080"\n    routes:'
    for number in range(BACKENDS):
        yield (f"      - {{id: r{number}, match: {{host: [h{number}.example.com], "
               f"path_prefix: /api/v{number}/}}, backend: b{number}}}")
    yield "      - {id: rest, respond: {status: 404}}"


def dense_frontends():
    for frontend in range(20):
        yield f'  web{frontend}:\n    bind: "127.0.0.1:{20_000 + frontend}"\n    routes:'
        for route in range(700):
            host = f"h{route}.f{frontend}.example.com"
            yield (f"      - {{id: r{route}, match: {{host: [{host}, www.{host}], path_prefix: "
                   f"/api/v{route}/things, method: [GET, POST]}}, headers: {{set: {{X-Route: "
                   f'"r{route}-%{{host}}", X-Team: team-{route % 50}}}}}, '
                   f"backend: b{(frontend * 700 + route) % BACKENDS}}}")
        yield "      - {id: rest, respond: {status: 404}}"


def backends():
    more = f", slow_start: {slow_start}" if given.dense else ""
    note = "x" * (480 if given.dense else 860)
    for number in range(BACKENDS):
        yield f"  b{number}:\n    labels: {{owner: team-{number % 50}}}\n    servers:"
        for server in range(number * PER_BACKEND, (number + 1) * PER_BACKEND):
            address = f"10.{server >> 16}.{server >> 8 & 255}.{server & 255}:8080"
            weight = 100 if server % 7 else given.weight
            yield (f'      s{server}: {{address: "{address}", weight: {weight}{more}, '
                   f"labels: {{rack: r{server % 40}, note: {note}}}}}")


print("version: 1\nfrontends:")
print("\n".join(dense_frontends() if given.dense else plain_frontends()))
print("backends:")
print("\n".join(backends()))

#!/usr/bin/env python3
"""The dashboard as Grafana reads it: its panels, their queries with the variables filled in, and what a Prometheus answers them.

As a command it runs every query: tests/local/dashboard.py --prometheus URL [DASHBOARD.json]. Exit code 2 where one is wrong, 1 where a panel shows nothing.
slackline's series start at 0, so that a panel without data asks for the wrong thing. One that shows only what is over 0 (`… > 0`) may be empty while all is well, and says
so in its `noValue`: of it, the query without that end must have data.
Only the standard library."""

import argparse
import json
import math
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

DASHBOARD = Path("deploy/grafana/dashboards/slackline.json")

# Grafana's own scrape interval of a data source that names none, in seconds.
SCRAPE = 15

# Points of a line: about what Grafana asks for a panel of half a screen.
POINTS = 180


class Failed(Exception):
    """Prometheus gave no answer."""


class Wrong(Failed):
    """The query will never be answered."""


def panels(dashboard):
    """All panels in their order, those of collapsed rows behind their row."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def fill(query, dashboard, start, end):
    """The query with its variables as Grafana fills them in: for one that includes all, all of it."""
    step = step_of(start, end)
    known = {
        "__interval": f"{step}s",
        "__rate_interval": f"{max(SCRAPE + step, 4 * SCRAPE)}s",
        "__range": f"{round(end - start)}s",
        "__range_s": str(round(end - start)),
    }
    for variable in dashboard.get("templating", {}).get("list", []):
        if variable["type"] == "query":
            known[variable["name"]] = variable.get("allValue") or variable["current"]["value"]

    def value(found):
        name = found[1] or found[2]
        if name not in known:
            raise Wrong(f"there is no variable `${name}`")
        return known[name]

    return re.sub(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))", value, query)


def step_of(start, end):
    return max(1, math.ceil((end - start) / POINTS))


def legend(target, metric):
    """`{{label}}` filled in, as Grafana does; all labels where there is no legend."""
    words = target.get("legendFormat") or ""
    if words in ("", "__auto"):
        return ", ".join(f"{name}={value}" for name, value in sorted(metric.items()) if name != "__name__")
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: metric.get(found[1], ""), words)


class Prometheus:
    def __init__(self, url):
        self.url = url.rstrip("/")

    def get(self, path, **parameters):
        url = f"{self.url}{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            raise (Wrong if error.code in (400, 422) else Failed)(said or str(error)) from error
        except (OSError, ValueError) as error:
            raise Failed(f"{self.url}: {error}") from error

    def series(self, target, dashboard, start, end):
        """What one query of a panel gives: (legend, [(time, value)…]) each, with NaN left out; one point each where it is instant."""
        query = fill(target["expr"], dashboard, start, end)
        if target.get("instant"):
            found = self.get("/api/v1/query", query=query, time=end)["result"]
            rows = [(each["metric"], [each["value"]]) for each in found]
        else:
            found = self.get("/api/v1/query_range", query=query, start=start, end=end, step=step_of(start, end))["result"]
            rows = [(each["metric"], each["values"]) for each in found]
        numbers = [(legend(target, metric), [(at, float(value)) for at, value in points if value != "NaN"]) for metric, points in rows]
        return [(name, points) for name, points in numbers if points]


def amiss(dashboard, prometheus, start, end):
    """Queries that are wrong, then what has no data: variables, and queries also without their ` > 0`. Each is a line of text."""
    wrong, empty = [], []
    for variable in dashboard.get("templating", {}).get("list", []):
        values = re.fullmatch(r"label_values\((.+), (\w+)\)", variable.get("definition", ""))
        if values and not prometheus.get(f"/api/v1/label/{values[2]}/values", **{"match[]": values[1]}):
            empty.append(f"the variable `{variable['name']}` has no values")
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            at = f"{panel['title']}, {target['refId']}"
            query = target["expr"].removesuffix(" > 0")
            try:
                prometheus.series(target, dashboard, start, end)
                if not prometheus.series({**target, "expr": query}, dashboard, start, end):
                    empty.append(f"{at}: no data of {query}")
            except Wrong as error:
                wrong.append(f"{at}: {error}")
    return wrong, empty


def main():
    parser = argparse.ArgumentParser(description="Runs every query of the dashboard.")
    parser.add_argument("--prometheus", required=True, metavar="URL")
    parser.add_argument("--minutes", type=int, default=15, help="how far back the lines go")
    parser.add_argument("dashboard", nargs="?", type=Path, default=DASHBOARD)
    args = parser.parse_args()
    end = time.time()
    try:
        dashboard = json.loads(args.dashboard.read_text(encoding="utf-8"))
        wrong, empty = amiss(dashboard, Prometheus(args.prometheus), end - 60 * args.minutes, end)
    except (OSError, ValueError, Failed) as error:
        sys.exit(f"dashboard.py: {error}")
    print("\n".join(wrong + empty) or "every query has data")
    sys.exit(2 if wrong else 1 if empty else 0)


if __name__ == "__main__":
    main()

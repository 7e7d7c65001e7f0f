#!/usr/bin/env python3
"""Reads the dashboard like Grafana: its panels, their queries with all variables filled in, and the answers of a Prometheus.

As a command it runs every query: tests/local/dashboard.py --prometheus URL [DASHBOARD.json]. The exit code is 2 if a query is invalid, 1 if a panel has no data.
slackline's series start at 0, so a panel without data has a wrong query. A panel with a query `… > 0` may be empty and then shows its `noValue`; its query without
`> 0` must have data. Only the standard library."""

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

# Points of a line: about as many as Grafana requests for a panel of half a screen.
POINTS = 180


class Failed(Exception):
    """Prometheus did not answer."""


class Wrong(Failed):
    """The query is invalid."""


def panels(dashboard):
    """All panels in order, those of collapsed rows after their row."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def fill(query, dashboard, start, end):
    """The query with its variables filled in like Grafana does."""
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
    """The legend with `{{label}}` filled in like Grafana does; all labels if there is no legend."""
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
        """The series of a panel's query as (legend, [(time, value)…]), without NaN; an instant query has one point per series."""
        query = fill(target["expr"], dashboard, start, end)
        if target.get("instant"):
            found = self.get("/api/v1/query", query=query, time=end)["result"]
            rows = [(each["metric"], [each["value"]]) for each in found]
        else:
            found = self.get("/api/v1/query_range", query=query, start=start, end=end, step=step_of(start, end))["result"]
            rows = [(each["metric"], each["values"]) for each in found]
        numbers = [(legend(target, metric), [(at, float(value)) for at, value in points if value != "NaN"]) for metric, points in rows]
        return [(name, points) for name, points in numbers if points]


def faults(dashboard, prometheus, start, end):
    """Invalid queries, then variables and queries (without ` > 0`) that have no data. Each is a line of text."""
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
        wrong, empty = faults(dashboard, Prometheus(args.prometheus), end - 60 * args.minutes, end)
    except (OSError, ValueError, Failed) as error:
        sys.exit(f"dashboard.py: {error}")
    print("\n".join(wrong + empty) or "every query has data")
    sys.exit(2 if wrong else 1 if empty else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Draws the dashboard with the answers of a running Prometheus: tests/local/picture.py --prometheus http://127.0.0.1:9090 --out docs/dashboard.svg

It replaces a screenshot where Grafana cannot run: the same panels at the same places, with the same queries. `tests/local.sh --picture` creates the data.
Only the standard library. The same answers give the same bytes. The picture has its own background, so that it looks the same in light and dark mode."""

import argparse
import json
import math
import sys
import time
from pathlib import Path
from xml.sax.saxutils import escape

import dashboard as grafana

# Grafana's grid has 24 columns; a cell is CELL high, and panels are GAP apart.
WIDTH, CELL, GAP, HEAD = 1200, 22, 8, 40
COLUMN = (WIDTH - GAP) / 24
FONT, SMALL = 13, 11

# The colours of Grafana's dark theme.
PALETTE = ["#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#a352cc", "#96d98d", "#ffee52", "#37872d", "#c4162a"]
COLOURS = {"green": "#37872d", "orange": "#c4610a", "red": "#b8142f", "blue": "#1f60c4"}

STYLE = f"""
  text {{ font: {FONT}px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #ccccdc; }}
  .small {{ font-size: {SMALL}px; }} .soft {{ fill: #9a9ba6; }} .bold {{ font-weight: 600; }}
  .big {{ font-size: 34px; font-weight: 600; fill: #fff; }} .on {{ fill: #fff; }}
  .page {{ fill: #111217; }} .panel {{ fill: #181b1f; stroke: #2b2e34; }} .grid {{ stroke: #2b2e34; }}
  .line {{ fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }}
"""


def width_of(words, size=SMALL):
    """An estimate for wide fonts."""
    return sum(0.32 if char in "ijl.,:;|'! " else 0.86 if char in "mwMW%" else 0.6 for char in words) * size


def cut(words, room, size=SMALL):
    if width_of(words, size) <= room:
        return words
    while words and width_of(f"{words}…", size) > room:
        words = words[:-1]
    return words.rstrip() + "…"


def plain(value):
    """The value with three digits."""
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def figure(value, unit, decimals=None):
    """The value in Grafana's notation."""
    if unit == "percentunit":
        return f"{plain(value * 100)}%"
    if unit == "s":
        for size, name in ((86400, "days"), (3600, "hours"), (60, "min"), (1, "s")):
            if abs(value) >= size:
                return f"{plain(round(value / size, 1))} {name}"
        return f"{plain(value * 1000)} ms" if value else "0 s"
    return f"{value:,.{decimals}f}" if isinstance(decimals, int) else plain(value)


def ticks(top, unit, whole=False):
    """The values on the axis: from 0 to the first round one that is not below `top`, in at most five steps."""
    top = top if top > 0 else 1
    sizes = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400] if unit == "s" and 3 <= top <= 400000 else None
    if not sizes:
        power = 10 ** math.floor(math.log10(top / 5))
        sizes = [max(power * size, 1 if whole else 0) for size in (1, 2, 2.5, 5, 10) if not whole or power > 1 or size != 2.5]
    size = next((size for size in sizes if top / size <= 5), sizes[-1])
    return [size * step for step in range(math.ceil(top / size - 1e-9) + 1)]


def minutes(start, end):
    """Whole minutes for the time axis, as (second, text)."""
    size = next((size for size in (60, 120, 300, 600, 900, 1800, 3600, 10800) if (end - start) / size <= 5), 21600)
    first = math.ceil(start / size) * size
    return [(at, time.strftime("%H:%M", time.gmtime(at))) for at in range(int(first), int(end) + 1, size)]


def runs(points, step):
    """Runs of consecutive points; the line has a gap where one is missing."""
    row = []
    for at, value in points:
        if row and at - row[-1][0] > 1.5 * step:
            yield row
            row = []
        row.append((at, value))
    if row:
        yield row


def bends(places):
    """The points without those inside a level stretch, which halves the bytes."""
    inner = (place for before, place, after in zip(places, places[1:], places[2:]) if not before[1] == place[1] == after[1])
    return [places[0], *inner, *places[-1:]]


def threshold(value, steps):
    """The colour of the last step that `value` has reached."""
    return [step["color"] for step in steps if not isinstance(step["value"], (int, float)) or value >= step["value"]][-1]


class Picture:
    def __init__(self, board, answers, start, end):
        """`answers` maps a panel's id to its series, as (name, [(time, value)…])."""
        self.answers, self.start, self.end, self.out, self.colours = answers, start, end, [], {}
        self.panels = list(grafana.panels(board))
        self.height = HEAD + max(self.bottom(panel) for panel in self.panels) + GAP

    @staticmethod
    def bottom(panel):
        return (panel["gridPos"]["y"] + panel["gridPos"]["h"]) * (CELL + GAP)

    def text(self, x, y, words, classes="", anchor="start"):
        self.out.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{classes}" text-anchor="{anchor}">{escape(words)}</text>')

    def rect(self, x, y, width, height, rest):
        self.out.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {rest}/>')

    def draw(self, title):
        self.rect(0, 0, WIDTH, self.height, 'rx="6" class="page"')
        self.text(GAP + 4, 26, title, "bold")
        day, times = time.strftime("%Y-%m-%d", time.gmtime(self.start)), [time.strftime("%H:%M", time.gmtime(at)) for at in (self.start, self.end)]
        self.text(WIDTH - GAP - 4, 26, f"{day}, {times[0]} to {times[1]} UTC", "soft", "end")
        for panel in self.panels:
            place = panel["gridPos"]
            x, y = GAP + place["x"] * COLUMN, HEAD + place["y"] * (CELL + GAP)
            width, height = place["w"] * COLUMN - GAP, place["h"] * (CELL + GAP) - GAP
            if panel["type"] == "row":
                self.text(x + 4, y + CELL - 6, f"⌄  {panel['title']}", "bold")
            else:
                {"stat": self.stat, "timeseries": self.lines}[panel["type"]](panel, x, y, width, height)
        body = "\n".join(self.out)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height:.0f}" width="{WIDTH}" height="{self.height:.0f}" role="img">\n'
            f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n{body}\n</svg>\n"
        )

    def colour(self, name):
        """A name has one colour in all panels (`palette-classic-by-name`)."""
        return self.colours.setdefault(name, PALETTE[len(self.colours) % len(PALETTE)])

    def stat(self, panel, x, y, width, height):
        defaults = panel["fieldConfig"]["defaults"]
        values = [points[-1][1] for _, points in self.answers[panel["id"]]]
        colour = COLOURS.get(threshold(values[0], defaults["thresholds"]["steps"]), "#37872d") if values else "#181b1f"
        self.rect(x, y, width, height, f'rx="3" fill="{colour}"')
        self.text(x + 10, y + 20, cut(panel["title"], width - 20, 1.1 * FONT), "bold on")
        words = figure(values[0], defaults.get("unit"), defaults.get("decimals")) if values else defaults.get("noValue", "No data")
        self.text(x + width / 2, y + height / 2 + 24, words, "big", "middle")

    def lines(self, panel, x, y, width, height):
        defaults, series = panel["fieldConfig"]["defaults"], self.answers[panel["id"]]
        unit, custom = defaults.get("unit"), defaults.get("custom", {})
        self.rect(x, y, width, height, 'rx="3" class="panel"')
        self.text(x + 10, y + 20, cut(panel["title"], width - 20, 1.1 * FONT), "bold")
        if not series:
            self.text(x + width / 2, y + height / 2 + 4, defaults.get("noValue", "No data"), "soft", "middle")
            return
        rows = self.legend([name for name, _ in series], x + 10, y + height, width - 20)
        highest = max(value for _, points in series for _, value in points)
        marks = ticks(max(highest, custom.get("axisSoftMax", 0)), unit, defaults.get("decimals") == 0)
        names = [figure(mark, unit) for mark in marks]
        left, right = x + 14 + max(map(width_of, names)), x + width - 12
        top, bottom = y + 34, y + height - 26 - 16 * rows

        def at(when, value):
            return left + (right - left) * (when - self.start) / (self.end - self.start), bottom - (bottom - top) * value / marks[-1]

        for mark, name in zip(marks, names):
            level = at(self.start, mark)[1]
            self.out.append(f'<line x1="{left:.1f}" y1="{level:.1f}" x2="{right:.1f}" y2="{level:.1f}" class="grid"/>')
            self.text(left - 5, level + 4, name, "small soft", "end")
        for when, name in minutes(self.start, self.end):
            across = at(when, 0)[0]
            self.text(min(max(across, left + 10), right - 10), bottom + 15, name, "small soft", "middle")
        for name, points in series:
            colour = self.colour(name)
            for row in runs(points, grafana.step_of(self.start, self.end)):
                places = [at(when, max(value, 0)) for when, value in row]
                path = " ".join(f"{across:.1f},{level:.1f}" for across, level in bends(places))
                if custom.get("fillOpacity"):
                    ends = f"{places[-1][0]:.1f},{bottom:.1f} {places[0][0]:.1f},{bottom:.1f}"
                    self.out.append(f'<polygon points="{path} {ends}" fill="{colour}" fill-opacity="{custom["fillOpacity"] / 100:g}"/>')
                self.out.append(f'<polyline points="{path}" class="line" stroke="{colour}"/>')

    def legend(self, names, x, bottom, room):
        """Draws the legend above `bottom` in at most three rows and returns their number. It shows the number of names without room."""
        rows, across = [[]], 0
        for index, name in enumerate(names):
            colour, name = self.colour(name), cut(name, room - 20)
            need = 16 + width_of(name) + 10
            if across and across + need > room:
                if len(rows) == 3:
                    rows[-1][-1] = (rows[-1][-1][0], f"… {len(names) - index + 1} more", None)
                    break
                rows.append([])
                across = 0
            rows[-1].append((across, name, colour))
            across += need
        for number, row in enumerate(rows):
            y = bottom - 10 - 16 * (len(rows) - 1 - number)
            for across, name, colour in row:
                if colour:
                    self.rect(x + across, y - 5, 11, 3, f'rx="1.5" fill="{colour}"')
                self.text(x + across + 16, y, name, "small")
        return len(rows)


def main():
    parser = argparse.ArgumentParser(description="Draws the dashboard with the answers of a running Prometheus.")
    parser.add_argument("--prometheus", required=True, metavar="URL")
    parser.add_argument("--minutes", type=int, default=15, help="how far back the lines go")
    parser.add_argument("--dashboard", type=Path, default=grafana.DASHBOARD)
    parser.add_argument("--out", required=True, type=Path, metavar="SVG")
    args = parser.parse_args()
    end = int(time.time())
    start = end - 60 * args.minutes
    try:
        board = json.loads(args.dashboard.read_text(encoding="utf-8"))
        prometheus = grafana.Prometheus(args.prometheus)
        answers = {
            panel["id"]: [line for target in panel.get("targets", []) for line in prometheus.series(target, board, start, end)]
            for panel in grafana.panels(board)
        }
        args.out.write_text(Picture(board, answers, start, end).draw(f"{board['title']}, dashboard"), encoding="utf-8")
    except (OSError, ValueError, grafana.Failed) as error:
        sys.exit(f"picture.py: {error}")


if __name__ == "__main__":
    main()

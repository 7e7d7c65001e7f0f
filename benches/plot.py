#!/usr/bin/env python3
"""Draws the cost of an event against the number of triggers, from the JSON of `benches/table.sh --out`: benches/plot.py TABLE.json [OUT.svg]

Only the standard library. The same JSON gives the same bytes. The background is transparent, and the colours follow the reader's light or dark mode."""

import json
import math
import statistics
import sys
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 64, 190, 56, 76

# The cost of other pipelines, as points with names: they are not from the same run. They were
# measured with the same kind of events (622 bytes, lz4), on two shared x86-64 cores.
OTHERS = [
    ("Redpanda Connect, Bento", 1, 9.1),
    ("Vector", 1, 13.4),
    ("Redpanda Connect, Bento", 100, 24.5),
    ("Vector", 100, 35.0),
    ("Vector", 1000, 231.0),
    ("Bento", 1000, 410.0),
    ("Redpanda Connect", 1000, 640.0),
]
OTHERS_NOTE = "Points: other pipelines with this many rules in one match or if-else, tuned, measured separately on two shared x86-64 cores."

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .small { font-size: 11px; } .title { font-size: 16px; font-weight: 600; }
  .soft { fill: #59636e; } .grid { stroke: #d1d9e0; stroke-width: 1; } .line { fill: none; stroke-width: 2.5; }
  .selective { stroke: #0969da; } .numbers { stroke: #bc4c00; } .bare { stroke: #59636e; stroke-dasharray: 6 5; }
  .dot-selective { fill: #0969da; } .dot-numbers { fill: #bc4c00; } .dot-other { fill: none; stroke: #8250df; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .soft { fill: #9198a1; } .grid { stroke: #3d444d; }
    .selective { stroke: #58a6ff; } .numbers { stroke: #f0883e; } .bare { stroke: #9198a1; }
    .dot-selective { fill: #58a6ff; } .dot-numbers { fill: #f0883e; } .dot-other { stroke: #bc8cff; }
  }
"""


def medians(table):
    """The topic with the most readers, the cost of its bare consumer, and the costs by number of triggers of each kind."""
    by_topic = {}
    for sample in table["samples"].get("throughput", []):
        of_topic = by_topic.setdefault(sample["topic"], {})
        of_topic.setdefault((sample["reader"], sample["triggers"]), []).append(sample["cpu_us_per_event"])
    if not by_topic:
        sys.exit("plot.py: no throughput samples; measure them with `benches/table.sh --only triggers`")
    topic = max(sorted(by_topic), key=lambda name: len(by_topic[name]))
    cost = {key: statistics.median(values) for key, values in by_topic[topic].items()}
    # One trigger is the same for both kinds: both lines start there.
    one = cost.get(("selective", 1))
    lines = {}
    for kind in ("selective", "numbers"):
        points = sorted((count, value) for (reader, count), value in cost.items() if reader == kind)
        if points and points[0][0] != 1 and one is not None:
            points.insert(0, (1, one))
        lines[kind] = points
    return topic, cost.get(("bare", None)), lines


def figure(cost):
    return f"{cost:.2f}" if cost < 10 else f"{cost:,.0f}"


def draw(table):
    topic, bare, lines = medians(table)
    values = [value for points in lines.values() for _, value in points] + [cost for _, _, cost in OTHERS]
    values += [bare] if bare is not None else []
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def x(count):
        return LEFT + (right - LEFT) * math.log10(count) / 4

    def y(cost):
        return bottom - (bottom - TOP) * (math.log10(cost) - low) / (high - low)

    out = []

    def text(at_x, at_y, words, classes="", anchor="start"):
        out.append(f'<text x="{at_x:.1f}" y="{at_y:.1f}" class="{classes}" text-anchor="{anchor}">{escape(words)}</text>')

    text(LEFT, 24, "CPU per event against the number of triggers", "title")
    partitions, codec = topic.split("-", 1)
    facts = table["facts"]
    text(LEFT, 42, f"µs, user and system, all threads; {partitions} partitions, {codec}, {facts['events']:,} events, medians of {facts['runs']}", "small soft")
    for power in range(low, high + 1):
        at = y(10**power)
        out.append(f'<line x1="{LEFT}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}" class="grid"/>')
        text(LEFT - 8, at + 4, f"{10.0**power:g}", "small soft", "end")
    for power in range(5):
        text(x(10**power), bottom + 18, f"{10**power:,}", "small soft", "middle")
    text((LEFT + right) / 2, bottom + 36, "triggers", "small soft", "middle")

    labels = []
    if bare is not None:
        out.append(f'<line x1="{LEFT}" y1="{y(bare):.1f}" x2="{right}" y2="{y(bare):.1f}" class="line bare"/>')
        labels.append((y(bare), f"bare consumer {figure(bare)}"))
    for kind, words in (("numbers", "differ in a number"), ("selective", "selective")):
        points = lines[kind]
        if points:
            path = " ".join(f"{x(count):.1f},{y(cost):.1f}" for count, cost in points)
            out.append(f'<polyline points="{path}" class="line {kind}"/>')
            out.extend(f'<circle cx="{x(count):.1f}" cy="{y(cost):.1f}" r="3.5" class="dot-{kind}"/>' for count, cost in points)
            labels.append((y(points[-1][1]), f"{words} {figure(points[-1][1])}"))
    # From the bottom up, without overlaps.
    floor = math.inf
    for at, words in sorted(labels, reverse=True):
        floor = min(at, floor - 15)
        text(right + 10, floor + 4, words)

    for name, count, cost in OTHERS:
        out.append(f'<circle cx="{x(count):.1f}" cy="{y(cost):.1f}" r="3.5" class="dot-other"/>')
        text(x(count) + 8, y(cost) + 4, f"{name} {cost:g}", "small soft")
    text(LEFT, HEIGHT - 12, OTHERS_NOTE, "small soft")
    body = "\n".join(out)
    summary = f"CPU per event from 1 to 10,000 triggers: {'; '.join(words for _, words in labels)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">\n'
        f"<title>{escape(summary)}</title>\n<style>{STYLE}</style>\n{body}\n</svg>\n"
    )


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: benches/plot.py TABLE.json [OUT.svg]")
    with open(sys.argv[1], encoding="utf-8") as file:
        svg = draw(json.load(file))
    with open(sys.argv[2] if len(sys.argv) == 3 else "benches/triggers.svg", "w", encoding="utf-8") as file:
        file.write(svg)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Tests of the drawing."""

import unittest
import xml.etree.ElementTree as xml

import plot

SVG = "{http://www.w3.org/2000/svg}"


def table(costs, topic="4-lz4"):
    samples = [
        {"topic": topic, "reader": reader, "triggers": triggers, "cpu_us_per_event": cost}
        for (reader, triggers), runs in costs.items()
        for cost in runs
    ]
    return {"facts": {"events": 1000000, "runs": 3}, "samples": {"throughput": samples}}


COSTS = {
    ("bare", None): [0.5, 0.9, 0.6],
    ("selective", 1): [0.7],
    ("selective", 100): [0.75],
    ("selective", 10000): [0.8, 0.9, 0.85],
    ("numbers", 10000): [1.25],
}


class Drawing(unittest.TestCase):
    def test_it_is_well_formed_and_the_same_for_the_same_figures(self):
        svg = plot.draw(table(COSTS))
        self.assertEqual(svg, plot.draw(table(COSTS)))
        self.assertEqual(xml.fromstring(svg).tag, f"{SVG}svg")

    def test_lines_and_labels_show_medians(self):
        root = xml.fromstring(plot.draw(table(COSTS)))
        texts = [text.text for text in root.iter(f"{SVG}text")]
        for label in ("bare consumer 0.60", "selective 0.85", "differ in a number 1.25"):
            self.assertIn(label, texts)
        points = {line.get("class"): line.get("points").split() for line in root.iter(f"{SVG}polyline")}
        self.assertEqual(len(points["line selective"]), 3)
        # One trigger is the same for both.
        self.assertEqual(points["line numbers"][0], points["line selective"][0])

    def test_everything_is_within_the_picture(self):
        root = xml.fromstring(plot.draw(table({**COSTS, ("numbers", 10000): [9000.0], ("bare", None): [0.01]})))
        for circle in root.iter(f"{SVG}circle"):
            self.assertTrue(plot.LEFT <= float(circle.get("cx")) <= plot.WIDTH - plot.RIGHT)
            self.assertTrue(plot.TOP <= float(circle.get("cy")) <= plot.HEIGHT - plot.BOTTOM)

    def test_the_topic_with_the_most_readers_is_drawn(self):
        more = table(COSTS)
        more["samples"]["throughput"] += table({("bare", None): [5.0]}, "12-none")["samples"]["throughput"]
        self.assertIn("4 partitions, lz4", plot.draw(more))

    def test_it_is_readable_in_light_and_dark_mode(self):
        svg = plot.draw(table(COSTS))
        self.assertIn("prefers-color-scheme: dark", svg)
        self.assertNotIn("<rect", svg, "a background would hide the page's")


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Tests of the dashboard's queries and of its picture."""

import json
import unittest
import xml.etree.ElementTree as xml

import dashboard as grafana
import picture

SVG = "{http://www.w3.org/2000/svg}"
START, END = 1_700_000_000, 1_700_000_900


def board():
    return json.loads(grafana.DASHBOARD.read_text(encoding="utf-8"))


def answers(of):
    """A line of 60 points for each panel, or the series in `of`."""
    line = [(START + 15 * number, float(number)) for number in range(60)]
    return {panel["id"]: of.get(panel["id"], [("sales", line)]) for panel in board()["panels"]}


def draw(of=None):
    return picture.Picture(board(), answers(of or {}), START, END).draw("slackline, dashboard")


def texts(svg):
    return [text.text for text in xml.fromstring(svg).iter(f"{SVG}text")]


class Queries(unittest.TestCase):
    def test_variables_are_filled_in(self):
        self.assertEqual(grafana.fill('up{job=~"$job"}', board(), START, END), 'up{job=~".*"}')
        filled = grafana.fill("rate(a[$__rate_interval]) + increase(a[${__range}])", {}, START, END)
        self.assertEqual(filled, "rate(a[60s]) + increase(a[900s])")
        self.assertIn("[75s]", grafana.fill("rate(a[$__rate_interval])", {}, START, START + 3 * 3600))

    def test_an_unknown_variable_is_refused(self):
        with self.assertRaisesRegex(grafana.Failed, r"\$webhok"):
            grafana.fill('a{webhook="$webhok"}', board(), START, END)

    def test_legends_are_filled_in(self):
        metric = {"__name__": "a", "webhook": "sales", "result": "ok"}
        self.assertEqual(grafana.legend({"legendFormat": "{{webhook}} {{ result }}"}, metric), "sales ok")
        self.assertEqual(grafana.legend({}, metric), "result=ok, webhook=sales")

    def test_every_query_without_its_filter_must_have_data(self):
        class WithoutData:
            def get(self, path, **_):
                return ["slackline"]

            def series(self, target, *_):
                return []

        wrong, empty = grafana.faults(board(), WithoutData(), START, END)
        asked = [target for panel in board()["panels"] for target in panel.get("targets", [])]
        self.assertEqual((len(wrong), len(empty)), (0, len(asked)))
        self.assertFalse([line for line in empty if line.endswith("> 0")])

    def test_a_panel_with_a_filter_has_a_text_for_no_value(self):
        for panel in board()["panels"]:
            if panel["type"] != "row":
                filtered = any(target["expr"].endswith(" > 0") for target in panel["targets"])
                self.assertEqual(filtered, "noValue" in panel["fieldConfig"]["defaults"], panel["title"])


class Drawing(unittest.TestCase):
    def test_the_same_answers_give_the_same_well_formed_picture_of_every_panel(self):
        svg = draw()
        self.assertEqual(svg, draw())
        shown = " ".join(texts(svg))
        for panel in board()["panels"]:
            self.assertIn(panel["title"], shown)

    def test_everything_is_within_the_picture_and_legends_without_room_are_counted(self):
        root = xml.fromstring(draw({10: [(f"a-webhook-with-a-long-name-{number}", [(START, 1e9), (END, 0.0)]) for number in range(40)]}))
        height = float(root.get("height"))
        for line in root.iter(f"{SVG}polyline"):
            for point in line.get("points").split():
                x, y = map(float, point.split(","))
                self.assertTrue(0 <= x <= picture.WIDTH and 0 <= y <= height)
        for text in root.iter(f"{SVG}text"):
            self.assertTrue(0 <= float(text.get("x")) <= picture.WIDTH and 0 < float(text.get("y")) <= height, text.text)
        self.assertIn("more", " ".join(text.text for text in root.iter(f"{SVG}text")))

    def test_stats_are_coloured_by_their_thresholds(self):
        steps = [{"color": "green", "value": None}, {"color": "orange", "value": 60}, {"color": "red", "value": 300}]
        self.assertEqual([picture.threshold(value, steps) for value in (0, 60, 299, 300)], ["green", "orange", "orange", "red"])

    def test_missing_points_are_a_gap_and_an_empty_panel_has_a_text(self):
        step = grafana.step_of(START, END)
        whole = [(START + step * number, 1.0) for number in range(10)]
        self.assertEqual([len(row) for row in picture.runs(whole[:4] + whole[6:], step)], [4, 4])
        self.assertEqual(picture.bends([(0, 1), (1, 1), (2, 1), (3, 2)]), [(0, 1), (2, 1), (3, 2)])
        self.assertIn("Nothing was dropped", texts(draw({9: []})))
        self.assertIn("No data", texts(draw({11: []})))

    def test_figures_have_the_notation_of_grafana(self):
        written = [picture.figure(*each) for each in ((0.25, "percentunit"), (90, "s"), (0.0042, "s"), (0, "s"), (7200, "s"), (12.345, "none"), (99.6, "none", 0))]
        self.assertEqual(written, ["25%", "1.5 min", "4.2 ms", "0 s", "2 hours", "12.3", "100"])

    def test_ticks_are_round_reach_the_top_and_are_whole_for_counts(self):
        for top, unit in ((0, "none"), (0.013, "none"), (7, "none"), (104, "none"), (0.4, "s"), (95, "s"), (4000, "s"), (1, "percentunit")):
            ticks = picture.ticks(top, unit)
            self.assertTrue(ticks[0] == 0 and ticks[-1] >= top and 2 <= len(ticks) <= 6, (top, unit, ticks))
        self.assertEqual(picture.ticks(0, "none", whole=True), [0, 1])
        self.assertEqual(picture.ticks(3, "none", whole=True), [0, 1, 2, 3])
        self.assertEqual(picture.ticks(95, "s"), [0, 30, 60, 90, 120])


if __name__ == "__main__":
    unittest.main()

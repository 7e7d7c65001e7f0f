"""Checks that the chart's schema contains the configuration's, because Helm's cannot refer to another file. `schema.py --write` updates it."""

import json
import pathlib
import sys

top = pathlib.Path(__file__).parent.parent.parent
chart = top / "helm/slackline/values.schema.json"


def main() -> int:
    config = json.loads((top / "deploy/slackline.schema.json").read_text())
    ours = json.loads(chart.read_text())
    definitions = config.pop("definitions")
    for key in ("$schema", "title"):
        config.pop(key, None)
    definitions["Config"] = config
    # The chart's default is the release's name.
    definitions["Kafka"]["required"].remove("group_id")
    kept = ours.get("x-from-config", [])
    wanted = {name: what for name, what in ours["definitions"].items() if name not in kept}
    if clash := wanted.keys() & definitions.keys():
        sys.exit(f"the chart's schema and the configuration's both define {sorted(clash)}")
    wanted = dict(sorted((wanted | definitions).items()))
    if ours["definitions"] == wanted:
        return 0
    if "--write" not in sys.argv:
        print("values.schema.json differs from deploy/slackline.schema.json: python3 tests/helm/schema.py --write")
        return 1
    ours["definitions"] = wanted
    ours["x-from-config"] = sorted(definitions)
    chart.write_text(json.dumps(ours, indent=2, ensure_ascii=False) + "\n")
    return 0


sys.exit(main())

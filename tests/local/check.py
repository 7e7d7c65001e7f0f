#!/usr/bin/env python3
"""The checks of tests/local.sh --check: tests/local/check.py CHECK ADDRESS…; the exit code is 1, with the reason, until the check succeeds.

  listens ADDRESS…                 a process listens on each
  delivered PROMETHEUS FAKE-SLACK  every action has delivered a post
  scraped PROMETHEUS               every target of every job answers
  alerts PROMETHEUS RULES.yaml     every alert of the file is evaluated without an error, and none fires
Only the standard library."""

import json
import re
import socket
import sys
import urllib.error
import urllib.parse
import urllib.request


def get(address, path, **parameters):
    url = f"http://{address}{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def values(prometheus, query):
    return [(each["metric"], float(each["value"][1])) for each in get(prometheus, "/api/v1/query", query=query)["data"]["result"]]


def listens(*addresses):
    for address in addresses:
        host, port = address.rsplit(":", 1)
        socket.create_connection((host, int(port)), timeout=5).close()


def delivered(prometheus, slack):
    counts = values(prometheus, "slackline_deliveries_delivered_total")
    posts = get(slack, "/control")["requests"]
    webhooks = {metric["webhook"] for metric, _ in counts}
    waiting = [metric["action"] for metric, count in counts if count == 0]
    if not counts or waiting or len(posts) < len(webhooks):
        return f"delivered nothing yet: {', '.join(waiting) or 'no action'}; the fake Slack has {posts}"
    return None


def scraped(prometheus):
    targets = get(prometheus, "/api/v1/targets")["data"]["activeTargets"]
    down = [f"{target['scrapeUrl']} is {target['health']}: {target['lastError']}" for target in targets if target["health"] != "up"]
    up = values(prometheus, 'up{job="slackline"} == 1')
    return "; ".join(down) or (None if up else "no target of the job `slackline` is up")


def alerts(prometheus, file):
    with open(file, encoding="utf-8") as rules:
        wanted = re.findall(r"^ *- alert: (\w+)", rules.read(), re.MULTILINE)
    rules = [rule for group in get(prometheus, "/api/v1/rules")["data"]["groups"] for rule in group["rules"]]
    missing = set(wanted) - {rule["name"] for rule in rules}
    faults = [f"{name} is not loaded" for name in sorted(missing)]
    faults += [f"{rule['name']} is {rule['health']} {rule.get('lastError', '')}" for rule in rules if rule["health"] != "ok"]
    faults += [f"{rule['name']} fires: {[alert['labels'] for alert in rule['alerts']]}" for rule in rules if rule.get("state") == "firing"]
    return "; ".join(faults) or (None if wanted else f"no alert in `{file}`")


def main():
    checks = {"listens": listens, "delivered": delivered, "scraped": scraped, "alerts": alerts}
    if len(sys.argv) < 3 or sys.argv[1] not in checks:
        sys.exit(__doc__)
    try:
        faults = checks[sys.argv[1]](*sys.argv[2:])
    except (OSError, ValueError, KeyError) as error:
        faults = f"{' '.join(sys.argv[1:])}: {error}"
    if faults:
        sys.exit(faults)


if __name__ == "__main__":
    main()

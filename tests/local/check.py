#!/usr/bin/env python3
"""What tests/local.sh --check asks of what it has started: tests/local/check.py QUESTION ADDRESS…; exit code 1, with what is amiss, while it is not so.

  listens ADDRESS…                 somebody listens on each
  delivered PROMETHEUS FAKE-SLACK  every action has delivered, to every webhook's path
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
        return f"delivered nothing yet: {', '.join(waiting) or 'nobody'}; the fake Slack has {posts}"
    return None


def scraped(prometheus):
    targets = get(prometheus, "/api/v1/targets")["data"]["activeTargets"]
    unwell = [f"{target['scrapeUrl']} is {target['health']}: {target['lastError']}" for target in targets if target["health"] != "up"]
    up = values(prometheus, 'up{job="slackline"} == 1')
    return "; ".join(unwell) or (None if up else "no target of the job `slackline` is up")


def alerts(prometheus, file):
    with open(file, encoding="utf-8") as rules:
        wanted = re.findall(r"^ *- alert: (\w+)", rules.read(), re.MULTILINE)
    rules = [rule for group in get(prometheus, "/api/v1/rules")["data"]["groups"] for rule in group["rules"]]
    missing = set(wanted) - {rule["name"] for rule in rules}
    amiss = [f"{name} is not loaded" for name in sorted(missing)]
    amiss += [f"{rule['name']} is {rule['health']} {rule.get('lastError', '')}" for rule in rules if rule["health"] != "ok"]
    amiss += [f"{rule['name']} fires: {[alert['labels'] for alert in rule['alerts']]}" for rule in rules if rule.get("state") == "firing"]
    return "; ".join(amiss) or (None if wanted else f"no alert in `{file}`")


def main():
    questions = {"listens": listens, "delivered": delivered, "scraped": scraped, "alerts": alerts}
    if len(sys.argv) < 3 or sys.argv[1] not in questions:
        sys.exit(__doc__)
    try:
        amiss = questions[sys.argv[1]](*sys.argv[2:])
    except (OSError, ValueError, KeyError) as error:
        amiss = f"{' '.join(sys.argv[1:])}: {error}"
    if amiss:
        sys.exit(amiss)


if __name__ == "__main__":
    main()

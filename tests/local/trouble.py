#!/usr/bin/env python3
"""Injects faults into the fake Slack for a picture of the dashboard: tests/local/trouble.py FAKE-SLACK-ADDRESS

After five minutes for the rates to settle, the picture shows fifteen minutes. `orders` is down until its queue drops messages, `support` is throttled, and the app is
removed from the channel of `sales`, which rests for three minutes; then all of them recover."""

import json
import sys
import time
import urllib.request

MINUTE = 60

# (seconds after the start, path of a webhook or an app's channel, its next or default answers)
STORY = [
    (8 * MINUTE, "services/T0/B2/orders", {"default": {"status": 503, "body": "rollup_error"}}),
    (10 * MINUTE, "api/support-alerts", {"answers": [{"status": 429, "error": "ratelimited", "headers": {"Retry-After": "120"}}]}),
    (12.5 * MINUTE, "services/T0/B2/orders", {"default": None}),
    (14 * MINUTE, "api/sales-alerts", {"answers": [{"error": "not_in_channel"}] * 2}),
    (20 * MINUTE, None, None),
]


def control(address, path, answers):
    request = urllib.request.Request(f"http://{address}/control/{path}", json.dumps(answers).encode())
    urllib.request.urlopen(request, timeout=5).close()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    started = time.monotonic()
    for after, path, answers in STORY:
        time.sleep(max(0, started + after - time.monotonic()))
        if path:
            print(f"{after / MINUTE:4.1f} min  {path}: {json.dumps(answers)[:100]}", flush=True)
            control(sys.argv[1], path, answers)


if __name__ == "__main__":
    main()

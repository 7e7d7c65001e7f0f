#!/usr/bin/env python3
"""Injects faults into the fake Slack for a picture of the dashboard: tests/local/trouble.py FAKE-SLACK-ADDRESS

After five minutes for the rates to settle, the picture shows fifteen minutes. `orders` is down until its queue drops messages, `support` is throttled, and the channel
of `sales` is missing for six posts; then all of them recover."""

import json
import sys
import time
import urllib.request

MINUTE = 60

# (seconds after the start, path of the webhook, its next answers or its default answer)
STORY = [
    (8 * MINUTE, "T0/B2/orders", {"default": {"status": 503, "body": "rollup_error"}}),
    (10 * MINUTE, "T0/B1/support", {"answers": [{"status": 429, "body": "rate_limited", "headers": {"Retry-After": "120"}}]}),
    (12.5 * MINUTE, "T0/B2/orders", {"default": None}),
    (14 * MINUTE, "T0/B0/sales", {"answers": [{"status": 404, "body": "channel_not_found"}] * 6}),
    (20 * MINUTE, None, None),
]


def control(address, webhook, answers):
    request = urllib.request.Request(f"http://{address}/control/services/{webhook}", json.dumps(answers).encode())
    urllib.request.urlopen(request, timeout=5).close()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    started = time.monotonic()
    for after, webhook, answers in STORY:
        time.sleep(max(0, started + after - time.monotonic()))
        if webhook:
            print(f"{after / MINUTE:4.1f} min  {webhook}: {json.dumps(answers)[:100]}", flush=True)
            control(sys.argv[1], webhook, answers)


if __name__ == "__main__":
    main()

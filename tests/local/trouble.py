#!/usr/bin/env python3
"""A bad quarter of an hour at the fake Slack, for a picture of the dashboard: tests/local/trouble.py FAKE-SLACK-ADDRESS

The rates settle for five minutes, and fifteen are drawn. `orders` is down and its queue fills until messages are dropped, `support` is told to wait, `sales` has lost its channel for a moment; all recover."""

import json
import sys
import time
import urllib.request

MINUTE = 60

# (after, webhook, what its next or all its answers are)
STORY = [
    (8 * MINUTE, "T0/B2/orders", {"default": {"status": 503, "body": "rollup_error"}}),
    (10 * MINUTE, "T0/B1/support", {"answers": [{"status": 429, "body": "rate_limited", "headers": {"Retry-After": "120"}}]}),
    (12.5 * MINUTE, "T0/B2/orders", {"default": None}),
    (14 * MINUTE, "T0/B0/sales", {"answers": [{"status": 404, "body": "channel_not_found"}] * 6}),
    (20 * MINUTE, None, None),
]


def tell(address, webhook, answers):
    request = urllib.request.Request(f"http://{address}/control/services/{webhook}", json.dumps(answers).encode())
    urllib.request.urlopen(request, timeout=5).close()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    began = time.monotonic()
    for after, webhook, answers in STORY:
        time.sleep(max(0, began + after - time.monotonic()))
        if webhook:
            print(f"{after / MINUTE:4.1f} min  {webhook}: {json.dumps(answers)[:100]}", flush=True)
            tell(sys.argv[1], webhook, answers)


if __name__ == "__main__":
    main()

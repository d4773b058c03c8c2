"""Checks a webhook with the reference library, as of an instant. In: {secret, headers, body, now}, in seconds.
Out: the payload, or it fails."""
import datetime
import json
import sys

from standardwebhooks import webhooks

asked = json.load(sys.stdin)


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(asked["now"], tz)


webhooks.datetime = Clock
print(json.dumps(webhooks.Webhook(asked["secret"]).verify(asked["body"], asked["headers"])))

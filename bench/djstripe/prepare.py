"""`python -m bench.djstripe.prepare UUID SECRET`: make the tables, and the endpoint that is posted to."""

import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.djstripe.settings"

import django


def main(uuid: str, secret: str) -> None:
    django.setup()
    from django.core.management import call_command
    from djstripe.models import WebhookEndpoint

    call_command("migrate", run_syncdb=True, verbosity=0)
    WebhookEndpoint.objects.create(
        id="we_bench",
        djstripe_uuid=uuid,
        secret=secret,
        url=f"http://127.0.0.1/stripe/webhook/{uuid}/",
        enabled_events=["*"],
        status="enabled",
        livemode=False,
        api_version="2026-10-28.endive",
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

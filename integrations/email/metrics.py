"""What Prometheus is told of mails."""

from django.db.models import Count

from integrations.email.models import Mail
from integrations.metrics import Counter, Readings, gauge

mails = Counter("patchbay_mails_total", "Tries to send a mail, by the state it left it in", "state")


@gauge("patchbay_mails_open", "Mails not yet sent, by state", "state")
def unsent() -> Readings:
    waiting = Mail.objects.filter(state__in=[Mail.State.WAITING, Mail.State.SENDING])
    for state, number in waiting.values_list("state").annotate(number=Count("pk")):
        yield (state,), number

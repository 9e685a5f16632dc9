"""What is kept of each source's deliveries: shown, tried out on a stored body, and changed."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from webhooks.care import ruling, viewing
from webhooks.care.redaction import WITHHELD, redacted
from webhooks.console.access import operators_only
from webhooks.console.asking import person_of
from webhooks.inbox.contents import Content, content_of
from webhooks.models import Delivery, SourceRule
from webhooks.models.rules import LONGEST, usual_days
from webhooks.sources.standing import slugs, standing_of


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # it takes none at run time
    """The rule of one source; the paths one to a line."""

    redactions = forms.CharField(
        label="Never stored",
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text="Dotted paths, one to a line, such as data.object.email or items.*.name. What stands there is "
        "replaced before a body is stored: our own processing does not see it either. Of a body that is neither JSON "
        "nor a form nothing is stored.",
    )

    class Meta:
        model = SourceRule
        fields = ["keep_days", "redactions"]
        labels = {"keep_days": "Days for which bodies and headers are kept"}
        help_texts = {"keep_days": f"1 to {LONGEST:,}; for what arrives from now on."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["redactions"] = "\n".join(self.instance.redactions)

    def clean_redactions(self) -> list[str]:
        """The lines as the list that the model checks."""
        return [line.strip() for line in self.cleaned_data["redactions"].splitlines() if line.strip()]


@require_safe
@operators_only
def rules(request: HttpRequest) -> HttpResponse:
    """Every source with its rule."""
    known = {rule.slug: rule for rule in SourceRule.objects.all()}
    rows = [(slug, known.get(slug)) for slug in slugs()]
    return render(request, "webhooks/console/rules.html", {"rows": rows, "usual": usual_days()})


@require_http_methods(["GET", "HEAD", "POST"])
@operators_only
def rule(request: HttpRequest, slug: str) -> HttpResponse:
    """One source's rule. By GET with fields it is tried out on the newest body; by POST it is kept."""
    if slug not in slugs():
        raise Http404
    current = SourceRule.objects.filter(slug=slug).first() or SourceRule(slug=slug)
    given = request.POST if request.method == "POST" else request.GET
    form = RuleForm(given if "keep_days" in given else None, instance=current)
    if request.method == "POST" and form.is_valid():
        ruling.keep(form.save(commit=False), person_of(request))
        messages.success(request, f"It holds for what {slug} sends from now on, within five seconds.")
        return redirect("webhooks:console_rule", slug=slug)
    speaks = standing_of(slug, timezone.now()) is not None
    context = {"slug": slug, "form": form, "usual": usual_days(), "speaks": speaks, **_preview(slug, form)}
    return render(request, "webhooks/console/rule.html", context, status=400 if form.errors else 200)


def _preview(slug: str, form: RuleForm) -> dict[str, Any]:
    """The newest body that is kept, as this rule would have it stored."""
    if form.is_bound and not form.is_valid():
        return {}
    paths = form.cleaned_data["redactions"] if form.is_bound else form.instance.redactions
    for row in Delivery.objects.filter(source=slug).order_by("-pk")[:5]:
        if content := content_of(row):
            stored = redacted(content.body, paths, content.headers.get("content-type", ""))
            shown = viewing.readable(Content(stored, content.headers))
            return {"sample": row, "preview": shown, "unchanged": stored == content.body != WITHHELD}
    return {}

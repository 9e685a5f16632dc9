"""What is for sale, and the cart."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from payments.forms import AddForm, ChangeForm
from payments.models import Product
from payments.services import carts
from payments.services.carts import Owner
from payments.views.answers import page_of, review_of, sentence, to
from webhooks.problems import Problem


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """Everything for sale."""
    products = Product.objects.filter(active=True).order_by("pk")
    return render(request, "payments/catalogue.html", {"page": page_of(request, products)})


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """One product."""
    return _product(request, slug, AddForm(initial={"product": slug, "quantity": 1}))


@require_http_methods(["GET", "HEAD", "POST"])
def cart_add(request: HttpRequest) -> HttpResponse:
    """Put something into the cart; what is wrong with the quantity is said beside it."""
    if request.method != "POST":
        return to("cart")
    form = AddForm(request.POST)
    if form.is_valid():
        try:
            item = carts.add(Owner.of(request), form.cleaned_data["product"], form.cleaned_data["quantity"])
        except Problem as problem:
            form.blame(problem)
        else:
            messages.success(request, f"{item.product.name} is in your cart.")
            return to("cart")
    return _product(request, form.cleaned_data.get("product", ""), form, status=422)


@require_safe
@never_cache
def cart(request: HttpRequest) -> HttpResponse:
    """The cart, a guest's or a person's."""
    return _cart(request)


@require_http_methods(["GET", "HEAD", "POST"])
def cart_change(request: HttpRequest, item: int) -> HttpResponse:
    """Change a quantity; 0 removes."""
    if request.method != "POST":
        return to("cart")
    form = ChangeForm.of(item, data=request.POST)
    if form.is_valid():
        try:
            _change(Owner.of(request), item, form.cleaned_data["quantity"])
        except Problem as problem:
            if not problem.errors:
                messages.error(request, sentence(problem))
                return to("cart")
            form.blame(problem)
        else:
            return to("cart")
    return _cart(request, {item: form}, status=422)


def _change(owner: Owner, item: int, quantity: int) -> None:
    if quantity == 0:
        carts.remove(owner, item)
    else:
        carts.change(owner, item, quantity)


def _product(request: HttpRequest, slug: str, form: AddForm, status: int = 200) -> HttpResponse:
    found = get_object_or_404(Product, slug=slug, active=True)
    return render(request, "payments/product.html", {"product": found, "form": form}, status=status)


def _cart(request: HttpRequest, refused: dict[int, ChangeForm] | None = None, status: int = 200) -> HttpResponse:
    review = review_of(request)
    forms = [
        (refused or {}).get(row.item.pk) or ChangeForm.of(row.item.pk, quantity=row.item.quantity)
        for row in review.rows
    ]
    context = {"review": review, "rows": list(zip(review.rows, forms, strict=True))}
    return render(request, "payments/cart.html", context, status=status)

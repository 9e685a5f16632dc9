"""What the sandbox's shop sells."""

from payments.models import Product

PRODUCTS = [
    (
        "patch-cable",
        "Patch cable",
        "One metre of woven cable with gold-plated plugs. Connects anything to anything.",
        1900,
    ),
    ("signal-mixer", "Signal mixer", "Four channels in, one out, and nothing lost on the way.", 14900),
    ("signal-splitter", "Signal splitter", "One source, four outputs, each with the whole signal.", 5900),
    ("field-recorder", "Field recorder", "Writes down everything it hears, once, and never forgets.", 32900),
    ("rack-case", "Rack case", "A home for twelve modules, with room to grow.", 8900),
    ("desk-lamp", "Desk lamp", "Warm light for late nights beside the console.", 4500),
]


def catalogue() -> None:
    """Create the demo products that are not there yet; prices somebody changed stay changed."""
    for slug, name, description, amount in PRODUCTS:
        Product.objects.get_or_create(slug=slug, defaults={"name": name, "description": description, "amount": amount})
    Product.objects.get_or_create(
        slug="patchbay-plus",
        defaults={
            "name": "Patchbay Plus",
            "description": "Every module, every month.",
            "amount": 1200,
            "recurring": True,
            "active": False,
        },
    )

"""Minor units as people read them, by Stripe's table of decimals. https://docs.stripe.com/currencies"""

NO_DECIMALS = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
)
THREE_DECIMALS = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
SIGNS = {"eur": "€", "usd": "$", "gbp": "£", "jpy": "¥"}


def display(amount: int, currency: str) -> str:
    """`1900, "eur"` as `€19.00`; a currency without a sign of its own comes as `CHF 19.00`."""
    code = currency.lower()
    sign = SIGNS.get(code, f"{code.upper()} ")
    places = 0 if code in NO_DECIMALS else 3 if code in THREE_DECIMALS else 2
    if not places:
        return f"{sign}{amount:,}"
    whole, part = divmod(amount, 10**places)
    return f"{sign}{whole:,}.{part:0{places}}"

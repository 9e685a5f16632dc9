"""Money is an integer of minor units and a currency; no float comes near it."""

# ISO 4217 currencies whose minor unit is not a hundredth.
EXPONENTS = dict.fromkeys(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ],
    0,
) | (dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3))
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}


def display(amount: int, currency: str) -> str:
    """The amount for people, `€19.00`; `amount` is in minor units."""
    exponent = EXPONENTS.get(currency, 2)
    digits = str(abs(amount)).rjust(exponent + 1, "0")
    whole = f"{int(digits[: len(digits) - exponent]):,}"
    number = f"{whole}.{digits[-exponent:]}" if exponent else whole
    sign = "-" if amount < 0 else ""
    return f"{sign}{SYMBOLS[currency]}{number}" if currency in SYMBOLS else f"{sign}{number} {currency}"


def as_json(amount: int, currency: str) -> dict[str, int | str]:
    """`{amount, currency}` as the API and events carry it."""
    return {"amount": amount, "currency": currency}

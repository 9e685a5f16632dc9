"""Stripe's test cards, and what becomes of a payment with each. https://docs.stripe.com/testing"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Card:
    """A test card. `code` is the error it ends in (empty: it pays); `challenge` whether the bank asks first."""

    number: str
    brand: str
    title: str
    challenge: bool = False
    code: str = ""
    decline_code: str = ""
    message: str = ""

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def spaced(self) -> str:
        return " ".join(self.number[at : at + 4] for at in range(0, len(self.number), 4))


def _declined(number: str, title: str, message: str, code: str, decline_code: str = "") -> Card:
    return Card(number=number, brand="visa", title=title, message=message, code=code, decline_code=decline_code)


OFFERED = (
    Card(number="4242424242424242", brand="visa", title="Pays at once"),
    Card(number="4000002500003155", brand="visa", title="Asks for 3-D Secure, then pays", challenge=True),
    _declined("4000000000000002", "Is declined", "Your card was declined.", "card_declined", "generic_decline"),
    _declined(
        "4000000000009995",
        "Has insufficient funds",
        "Your card has insufficient funds.",
        "card_declined",
        "insufficient_funds",
    ),
)
OTHERS = (
    Card(number="4000002760003184", brand="visa", title="Always asks for 3-D Secure", challenge=True),
    Card(number="5555555555554444", brand="mastercard", title="Pays at once"),
    _declined("4000000000000069", "Has expired", "Your card has expired.", "expired_card", "expired_card"),
    _declined(
        "4000000000000127",
        "Has a wrong CVC",
        "Your card's security code is incorrect.",
        "incorrect_cvc",
        "incorrect_cvc",
    ),
)
CARDS = {card.number: card for card in OFFERED + OTHERS}


class NotACard(ValueError):
    """What was typed is no card of the test mode; the message is Stripe's."""


def find(number: str) -> Card:
    """The test card with this number, spaces or not; `NotACard` for any other."""
    digits = "".join(number.split())
    if card := CARDS.get(digits):
        return card
    if digits.isascii() and digits.isdigit() and len(digits) >= 13 and _luhn(digits):
        raise NotACard("Your card was declined. Your request was in test mode, but used a non test card.")
    raise NotACard("Your card number is invalid.")


def _luhn(digits: str) -> bool:
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0

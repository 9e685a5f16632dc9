"""What a vendor's way of signing is: from the provider, the body, its kind, the time and an id to the headers."""

from collections.abc import Callable
from datetime import datetime

from integrations.contract import Provider

Headers = dict[str, str]
Signer = Callable[[Provider, bytes, str, datetime, str], Headers]

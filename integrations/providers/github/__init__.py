"""GitHub: what it tells us, and what it says it has told us."""

from integrations.contract import Credential
from integrations.ports import EventArchive
from integrations.providers.github.archive import GitHubArchive
from integrations.providers.github.webhook import provider

provider.api = "https://api.github.com"


@provider.provides(
    EventArchive,
    Credential(name="TOKEN", sandbox="ghp_patchbay_sandbox"),
    Credential(name="HOOK", sandbox="patchbay-example/storefront/500000001"),
)
def archive() -> GitHubArchive:
    return GitHubArchive(provider.base_url, provider.secret("TOKEN"), provider.secret("HOOK"))


__all__ = ["provider"]

"""Who may import whom: layers point down, providers stand alone, and nothing goes in circles."""

from collections.abc import Iterator

from tests.architecture.tree import Import, Module, Tree, is_within

LAYERS = {"config": 3, "realtime": 2, "accounts": 2, "payments": 2, "webhooks": 1, "integrations": 0}
DOMAIN = ("accounts", "payments", "realtime", "webhooks")
OPEN_TO_PROVIDERS = tuple(
    f"integrations.{name}"
    for name in ("contract", "facts", "ports", "http", "signatures", "payload", "errors", "money")
)


def layers(tree: Tree) -> Iterator[str]:
    """Imports point down only: config → realtime, accounts, payments → webhooks → integrations."""
    for module, found in _all_imports(tree):
        above = found.target.partition(".")[0]
        if module.app not in LAYERS or above not in LAYERS or above == module.app:
            continue
        if above == "config":
            yield _line(module, found, "nobody imports config: read django.conf.settings")
        elif LAYERS[above] > LAYERS[module.app]:
            yield _line(module, found, f"{module.app} is below {above}: publish an Event, or name a hook in settings")
        elif LAYERS[above] == LAYERS[module.app]:
            yield _line(module, found, f"{module.app} stands beside {above}: meet by an Event or in config")


def providers(tree: Tree) -> Iterator[str]:
    """A provider imports the contract, its vocabulary, the HTTP client and libraries; never another provider."""
    for module, found in _all_imports(tree):
        own = _provider(module.name)
        if not own or is_within(found.target, own):
            continue
        if is_within(found.target, "django.db"):
            yield _line(module, found, "providers store nothing: return Deliveries and Facts")
        elif _provider(found.target):
            yield _line(module, found, "providers never import each other: move what they share below them")
        elif found.target.partition(".")[0] in LAYERS and not any(
            is_within(found.target, x) for x in OPEN_TO_PROVIDERS
        ):
            yield _line(module, found, "providers import only " + ", ".join(OPEN_TO_PROVIDERS))


def sandbox(tree: Tree) -> Iterator[str]:
    """The border works without its stand-ins: nothing of it imports the sandbox."""
    for module, found in _all_imports(tree):
        outside = module.app == "integrations" and not module.within("integrations.sandbox")
        if outside and is_within(found.target, "integrations.sandbox"):
            yield _line(module, found, "the border never imports the sandbox: the sandbox imports the border")


def neutrality(tree: Tree) -> Iterator[str]:
    """The domain knows ports, not vendors."""
    for module, found in _all_imports(tree):
        if module.app in DOMAIN and is_within(found.target, "integrations.providers"):
            yield _line(module, found, "the domain never imports a provider: ask integrations.registry for a port")


def cycles(tree: Tree) -> Iterator[str]:
    """No module imports itself by way of others while it loads."""
    graph = {
        name: sorted({found.target for found in tree.imports(module) if found.at_load} & tree.modules.keys() - {name})
        for name, module in sorted(tree.modules.items())
    }
    for ring in _rings(graph):
        path = tree.modules[ring[0]].path
        yield f"{path}:1: imports go in a circle, {' → '.join([*ring, ring[0]])}: move what they share below them"


def _rings(graph: dict[str, list[str]]) -> Iterator[list[str]]:
    """Each ring met by a depth-first walk: on seeing a module that is on the path, the path from it on."""
    done: set[str] = set()
    path: list[str] = []

    def walk(name: str) -> Iterator[list[str]]:
        if name in path:
            yield path[path.index(name) :]
        elif name not in done:
            path.append(name)
            for target in graph[name]:
                yield from walk(target)
            done.add(path.pop())

    for name in graph:
        yield from walk(name)


def _all_imports(tree: Tree) -> Iterator[tuple[Module, Import]]:
    for module in tree.modules.values():
        for found in tree.imports(module):
            yield module, found


def _provider(name: str) -> str:
    """`integrations.providers.stripe` for anything inside it; empty for what is no provider."""
    parts = name.split(".")
    return ".".join(parts[:3]) if parts[:2] == ["integrations", "providers"] and len(parts) > 2 else ""


def _line(module: Module, found: Import, words: str) -> str:
    return f"{module.path}:{found.line}: imports {found.target}: {words}"

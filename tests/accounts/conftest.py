"""People to sign in with, and a client that speaks JSON."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.db import connection
from django.test import Client

from accounts.models import Session, User

PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def _events_are_true(true_to_the_catalogue):
    """Whatever these tests publish is as the catalogue says."""


@pytest.fixture(autouse=True)
def _no_failures_remembered():
    """allauth keeps its limits in the cache, which no transaction rolls back."""
    cache.clear()


@pytest.fixture
def person(db) -> User:
    return make_person("alice@example.com")


def make_person(email: str, **fields: Any) -> User:
    """Somebody with a confirmed address and PASSWORD."""
    user = User.objects.create_user(email, PASSWORD, **fields)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


@pytest.fixture
def api() -> "Api":
    return Api()


class Api:
    """Our HTTP surface, in JSON; a view's unforeseen exception is a 500 here as it is outside."""

    def __init__(self) -> None:
        self.client = Client(raise_request_exception=False, headers={"user-agent": "pytest"})

    def post(self, path: str, body: Any = None, token: str = ""):
        return self.client.post(path, body or {}, "application/json", headers=_bearer(token))

    def post_raw(self, path: str, body: bytes):
        return self.client.post(path, body, "application/json")

    def get(self, path: str, token: str = ""):
        return self.client.get(path, headers=_bearer(token))

    def delete(self, path: str, token: str = ""):
        return self.client.delete(path, headers=_bearer(token))

    def sign_in(self, email: str = "alice@example.com", password: str = PASSWORD):
        return self.post("/auth/login", {"email": email, "password": password})


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


@pytest.fixture
def pair(person, api) -> dict[str, Any]:
    """A fresh token pair of `person`."""
    return api.sign_in().json()


@pytest.fixture
def session(pair) -> Session:
    """The session behind `pair`."""
    return Session.objects.get()


def is_problem(response: Any, status: int, code: str) -> bool:
    """Whether this is the RFC 9457 answer of that status and code."""
    assert response.headers["Content-Type"] == "application/problem+json", response.content
    body = response.json()
    return (response.status_code, body["status"], body["code"]) == (status, status, code)


def at_once(call, arguments):
    """The results of `call` with each argument, all begun at the same moment on a thread of their own."""
    arguments = list(arguments)
    start = Barrier(len(arguments))

    def run(argument):
        try:
            start.wait(timeout=60)
            return call(argument)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(run, arguments))

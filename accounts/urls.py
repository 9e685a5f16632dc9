"""Where programs sign in, and where they find our public keys."""

from django.urls import path

from accounts.api import auth

urlpatterns = [
    path("auth/login", auth.SignIn.as_view(), name="auth-login"),
    path("auth/refresh", auth.StayIn.as_view(), name="auth-refresh"),
    path("auth/logout", auth.SignOut.as_view(), name="auth-logout"),
    path(".well-known/jwks.json", auth.PublicKeys.as_view(), name="jwks"),
]

"""The border's public page."""

from django.urls import path

from integrations import views

app_name = "integrations"

urlpatterns = [path("integrations/status", views.page, name="status")]

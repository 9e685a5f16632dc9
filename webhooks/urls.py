"""The operators' pages about deliveries and vendors, under `/console/`."""

from django.urls import path
from django.views.generic import RedirectView

from webhooks.console import deliveries, delivery, endpoints, exports, health, orders, rules
from webhooks.healing import pages as healing
from webhooks.sources import pages as sources

app_name = "webhooks"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="webhooks:console_deliveries")),
    path("deliveries/", RedirectView.as_view(pattern_name="webhooks:console_deliveries")),
    path("deliveries", deliveries.deliveries, name="console_deliveries"),
    path("deliveries/export", exports.download, name="console_export"),
    path("deliveries/order/<slug:kind>", orders.order, name="console_order_deliveries"),
    path("deliveries/<int:pk>", delivery.delivery, name="console_delivery"),
    path("deliveries/<int:pk>/whole", delivery.reveal, name="console_reveal"),
    path("interventions", orders.done, name="console_interventions"),
    path("requests/<str:identifier>", delivery.request_path, name="console_request"),
    path("endpoints", endpoints.endpoints, name="console_endpoints"),
    path("endpoints/<slug:uid>", endpoints.endpoint, name="console_endpoint"),
    path("endpoints/<slug:uid>/messages/<uuid:message>", endpoints.message, name="console_message"),
    path("rules", rules.rules, name="console_rules"),
    path("rules/<slug:slug>", rules.rule, name="console_rule"),
    path("health", health.overview, name="console_health"),
    path("health/<slug:slug>", health.vendor, name="console_vendor"),
    path("health/<slug:slug>/order", health.order, name="console_order"),
    path("sources", sources.overview, name="console_sources"),
    path("new-source", sources.new, name="console_source_new"),
    path("sources/<slug:slug>", sources.one, name="console_source"),
    path("sources/<slug:slug>/healing", healing.fragment, name="console_healing"),
    path("sources/<slug:slug>/heal", healing.compare, name="console_heal"),
    path("sources/<slug:slug>/change", sources.change, name="console_source_change"),
    path("sources/<slug:slug>/pause", sources.pause, name="console_source_pause"),
    path("sources/<slug:slug>/rotate", sources.rotate, name="console_source_rotate"),
    path("sources/<slug:slug>/delete", sources.remove, name="console_source_delete"),
    path("sources/<slug:slug>/test", sources.trial, name="console_source_test"),
]

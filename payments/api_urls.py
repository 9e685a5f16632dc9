"""The shop's addresses under `/api/v1/`."""

from django.urls import path

from payments import api

urlpatterns = [
    path("products", api.Products.as_view()),
    path("cart", api.CartOfMine.as_view()),
    path("cart/items", api.CartItems.as_view()),
    path("cart/items/<int:item>", api.OneCartItem.as_view()),
    path("checkout", api.Checkout.as_view()),
    path("orders", api.Orders.as_view()),
    path("orders/<int:pk>", api.OneOrder.as_view()),
    path("orders/<int:pk>/payments", api.OrderPayment.as_view()),
    path("orders/<int:pk>/timeline", api.OrderTimeline.as_view()),
]

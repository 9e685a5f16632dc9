"""The shop's pages."""

from django.urls import path

from payments.views import orders, shop

app_name = "payments"

urlpatterns = [
    path("", shop.catalogue, name="catalogue"),
    path("products/<slug:slug>", shop.product, name="product"),
    path("cart", shop.cart, name="cart"),
    path("cart/items", shop.cart_add, name="cart_add"),
    path("cart/items/<int:item>", shop.cart_change, name="cart_change"),
    path("checkout", orders.checkout, name="checkout"),
    path("orders", orders.orders, name="orders"),
    path("orders/<slug:number>", orders.order, name="order"),
    path("orders/<slug:number>/status", orders.order_status, name="order_status"),
    path("orders/<slug:number>/pay", orders.order_pay, name="order_pay"),
]

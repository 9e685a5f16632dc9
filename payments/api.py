"""Selling, for programs: catalogue, cart, checkout and orders under `/api/v1`."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from integrations import money
from payments.models import Order, PaymentAttempt, Product
from payments.review import Review, Row
from payments.serializers import (
    CartItemSerializer,
    CartSerializer,
    CheckoutSerializer,
    NewItemSerializer,
    NothingSerializer,
    OrderSerializer,
    ProductSerializer,
    QuantitySerializer,
    StartedSerializer,
    TimelineEntrySerializer,
)
from payments.services import carts, checkout
from payments.services.carts import Owner
from webhooks.api.base import ApiView
from webhooks.api.schema import problems
from webhooks.path.timeline import of_subject

# Why a payment may not start (payments/problems.py); a 503 says when to try again.
UNPAID = (401, 409, 422, 502, 503)


class Products(ApiView, ListAPIView[Product]):
    """What is for sale."""

    permission_classes = [AllowAny]
    serializer_class = ProductSerializer
    queryset = Product.objects.filter(active=True)


class CartOfMine(ApiView):
    """The signed-in person's cart."""

    @extend_schema(responses=CartSerializer)
    def get(self, request: Request) -> Response:
        return Response(_cart(request))


class CartItems(ApiView):
    """Things to put into the cart."""

    @extend_schema(request=NewItemSerializer, responses={201: CartItemSerializer})
    def post(self, request: Request) -> Response:
        data = _valid(NewItemSerializer, request)
        item = carts.add(Owner.of(request), data["product"], data["quantity"])
        return Response(CartItemSerializer(Row(item)).data, status.HTTP_201_CREATED)


class OneCartItem(ApiView):
    """One thing in the cart."""

    @extend_schema(request=QuantitySerializer, responses=CartSerializer)
    def patch(self, request: Request, item: int) -> Response:
        carts.change(Owner.of(request), item, _valid(QuantitySerializer, request)["quantity"])
        return Response(_cart(request))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, item: int) -> Response:
        carts.remove(Owner.of(request), item)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Checkout(ApiView):
    """From the cart to a payment: the answer says where the person pays."""

    @extend_schema(request=CheckoutSerializer, responses={201: StartedSerializer} | problems(400, *UNPAID))
    def post(self, request: Request) -> Response:
        wanted = _valid(CheckoutSerializer, request)
        attempt = checkout.begin(request.user, key=request.headers.get("Idempotency-Key", ""), **wanted)
        return Response(_started(attempt), status.HTTP_201_CREATED)


class Orders(ApiView, ListAPIView[Order]):
    """The person's orders; for staff, everybody's."""

    serializer_class = OrderSerializer

    def get_queryset(self) -> QuerySet[Order]:
        return visible_orders(self.request)


class OneOrder(ApiView, RetrieveAPIView[Order]):
    """One order."""

    serializer_class = OrderSerializer

    def get_queryset(self) -> QuerySet[Order]:
        return visible_orders(self.request)


class OrderPayment(ApiView):
    """Go on with the payment of an order that is not paid."""

    @extend_schema(request=None, responses={201: StartedSerializer} | problems(400, 404, *UNPAID))
    def post(self, request: Request, pk: int) -> Response:
        _valid(NothingSerializer, request)
        order = get_object_or_404(Order, pk=pk, user=request.user)
        return Response(_started(checkout.resume(order)), status.HTTP_201_CREATED)


class OrderTimeline(ApiView):
    """Everything that happened to an order, from click to effect."""

    @extend_schema(responses=TimelineEntrySerializer(many=True))
    def get(self, request: Request, pk: int) -> Response:
        order = get_object_or_404(visible_orders(request), pk=pk)
        return Response(TimelineEntrySerializer(of_subject(order.about), many=True).data)


def visible_orders(request: Any) -> QuerySet[Order]:
    """What this person may see."""
    orders = Order.objects.prefetch_related("lines")
    return orders if request.user.is_staff else orders.filter(user=request.user)


def _valid(kind: Any, request: Request) -> dict[str, Any]:
    serializer = kind(data=request.data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def _cart(request: Request) -> dict[str, Any]:
    review = Review.of(carts.find(Owner.of(request)))
    total = money.as_json(review.total, review.currency) if review else None
    return CartSerializer({"items": review.rows, "total": total}).data


def _started(attempt: PaymentAttempt) -> dict[str, Any]:
    return StartedSerializer({"order": attempt.order, "payment": attempt}).data

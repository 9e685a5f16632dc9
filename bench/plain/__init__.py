"""The yardstick: the webhook endpoint as a plain Django view, served the two usual ways."""

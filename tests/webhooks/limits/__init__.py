"""The API's limits: the buckets, the addresses, the answers, and a Redis that dies."""

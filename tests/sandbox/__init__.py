"""The sandbox: held to its vendors by their own SDKs."""

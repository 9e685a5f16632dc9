"""One vendor = one module; a module becomes a package when it outgrows 200 lines. This listing is the registry."""

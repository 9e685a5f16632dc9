"""Everything durable that crosses the border: inbox, processing, outbox, relay."""

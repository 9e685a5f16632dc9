"""Zero loss, shown: processes are killed, servers stopped and connections cut while webhooks arrive at full rate."""

"""Whether those who speak to us still do, and what is announced of it."""

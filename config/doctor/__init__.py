"""`manage.py doctor`: what is misconfigured and how to mend it, even where Django does not come up."""

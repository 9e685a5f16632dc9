"""A project with dj-stripe and nothing else, as its documentation sets it up; runs in an environment of its own."""

"""Forms that can also say what a service found wrong."""

from django import forms

from webhooks.problems import Problem


class ProblemForm(forms.Form):
    """A form that can also say what a service found wrong."""

    def blame(self, problem: Problem) -> None:
        """Show `problem` at the fields it names, or above the form when it names none."""
        for error in problem.errors or [{"field": "", "message": problem.detail}]:
            self.add_error(error["field"] if error["field"] in self.fields else None, error["message"])

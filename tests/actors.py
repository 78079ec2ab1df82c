"""Who acts in tests that call rooms themselves."""

from kenbaar.policy import Actor

OFFICER = Actor("operator", "jane", "officer")
